package rpc

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Operand is a matrix that the server keeps on its device, such as a weight
// that many jobs share. Use View, T or slices of them as A or B of a job of the
// same client. All methods may be called from any goroutine.
//
// The client keeps no copy of it. A server that is restarted does not have it any
// more, unless another client was there first with the same: jobs end with a
// *job.RestartedError then, until the operand is given its contents by Update or they
// are loaded again. One that the server has from its files (Client.Named) is there.
type Operand struct {
	client  *Client
	id      tensor.Resident
	view    tensor.View
	current atomic.Pointer[contents]
}

// contents is what an operand consists of at a time, on the server.
type contents struct {
	client  *Client
	message *pb.Content
	name    string       // of the server's; then the rest does not matter
	refs    atomic.Int64 // of the operand and of calls; released at 0

	gone atomic.Bool // the server was restarted and has it no more
	id   uint64      // on the server; guarded by Client.mu
}

// Load sends a matrix to the server, unless that has it already. Later changes
// to the caller's memory are not seen; see Update. A load that is interrupted
// goes on where it was. The error wraps job.ErrInvalid, job.ErrClosed,
// job.ErrOutOfMemory, job.ErrQueueFull or job.ErrDisconnected.
func (c *Client) Load(v tensor.View) (*Operand, error) {
	x, err := c.upload(v)
	if err != nil {
		return nil, err
	}
	return c.newOperand(x, v.DType(), v.Dims()), nil
}

// LoadOperand implements job.Doer.
func (c *Client) LoadOperand(v tensor.View) (job.Operand, error) {
	o, err := c.Load(v)
	if err != nil { // not a nil *Operand in an interface
		return nil, err
	}
	return o, nil
}

// View implements job.Operand. A nil Operand's is refused by every job.
func (o *Operand) View() tensor.View {
	if o == nil {
		return tensor.NotLoaded()
	}
	return o.view
}

// T implements job.Operand.
func (o *Operand) T() tensor.View { return o.View().T() }

// Update implements job.Operand. Jobs submitted before see the old contents. The
// error is like Load's, or job.ErrReleased.
func (o *Operand) Update(v tensor.View) error {
	if o == nil {
		return wire.Invalid("operand", "one that was loaded without an error", "nil")
	}
	if v.DType() != o.view.DType() || v.Dims() != o.view.Dims() {
		return wire.Invalid("operand", fmt.Sprintf("%v %v, as loaded", o.view.DType(), o.view.Dims()), "%v %v", v.DType(), v.Dims())
	}
	next, err := o.client.upload(v)
	if err != nil {
		return err
	}
	for {
		old := o.current.Load()
		if old == nil {
			next.drop()
			return job.ErrReleased
		}
		if o.current.CompareAndSwap(old, next) {
			old.drop()
			return nil
		}
	}
}

// Release implements job.Operand. Releasing again is harmless.
func (o *Operand) Release() {
	if o == nil {
		return
	}
	if old := o.current.Swap(nil); old != nil {
		old.drop()
	}
}

// acquire returns the contents for one call.
func (o *Operand) acquire() (*contents, error) {
	for {
		x := o.current.Load()
		switch {
		case x == nil && o.client.closed.Load():
			return nil, job.ErrClosed
		case x == nil:
			return nil, job.ErrReleased
		}
		if x.hold() {
			return x, nil
		}
	}
}

// hold adds to the references unless there are none.
func (x *contents) hold() bool {
	for {
		n := x.refs.Load()
		if n == 0 {
			return false
		}
		if x.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// drop gives one up. After the last the server is told.
func (x *contents) drop() {
	if x.refs.Add(-1) > 0 || x.name != "" {
		return
	}
	c := x.client
	c.mu.Lock()
	delete(c.operands, x)
	id, gone := x.id, x.gone.Load()
	c.mu.Unlock()
	if gone || c.closed.Load() { // the session ends anyway
		return
	}
	go func() {
		ctx, stop := context.WithTimeout(c.ctx, connectTime)
		defer stop()
		_, _ = c.Operands.Release(ctx, connect.NewRequest(&pb.ReleaseRequest{Session: c.cfg.Session, Operand: id}))
	}()
}

// recover looks for the operands on a server that does not know the session. On an
// error it is to be done again: some may be there.
func (c *Client) recover(ctx context.Context) error {
	c.mu.Lock()
	all := make([]*contents, 0, len(c.operands))
	for x := range c.operands {
		all = append(all, x)
	}
	c.mu.Unlock()
	for _, x := range all {
		id, err := c.seek(ctx, x.message)
		if err != nil {
			return err
		}
		c.mu.Lock()
		x.gone.Store(id == 0)
		x.id = id
		c.mu.Unlock()
	}
	return nil
}

// seek returns the server's number of content, 0 if it has none or refuses to look. An
// error says that there was no answer.
func (c *Client) seek(ctx context.Context, m *pb.Content) (uint64, error) {
	ctx, stop := context.WithTimeout(ctx, connectTime) // each its own: there may be many
	defer stop()
	found, err := c.find(ctx, m)
	switch err = wire.Failed(err, time.Now()); {
	case errors.Is(err, job.ErrDisconnected), errors.Is(err, job.ErrExpired), errors.Is(err, job.ErrCancelled):
		return 0, err
	case err != nil:
		return 0, nil
	}
	return found.GetOperand().GetId(), nil
}
