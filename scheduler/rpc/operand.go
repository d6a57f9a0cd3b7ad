package rpc

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Operand is a matrix that the server keeps on its device, such as a weight
// that many jobs share. Use View, T or slices of them as A or B of a job of the
// same client. All methods may be called from any goroutine.
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

// View implements job.Operand.
func (o *Operand) View() tensor.View { return o.view }

// T implements job.Operand.
func (o *Operand) T() tensor.View { return o.view.T() }

// Update implements job.Operand. Jobs submitted before see the old contents. The
// error is like Load's, or job.ErrReleased.
func (o *Operand) Update(v tensor.View) error {
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
		if x.gone.Load() {
			return nil, job.ErrRestarted
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

// upload has the server hold what a view shows.
func (c *Client) upload(v tensor.View) (*contents, error) {
	switch {
	case c.closed.Load():
		return nil, job.ErrClosed
	case v.Err() != nil:
		return nil, &job.InvalidError{Field: "operand", Cause: v.Err()}
	case v.IsZero():
		return nil, wire.Invalid("operand", "a view over memory", "missing")
	case v.Resident() != nil:
		return nil, wire.Invalid("operand", "memory of the caller", "loaded already")
	case v.Len() == 0 || v.Base() == nil:
		return nil, wire.Invalid("operand", "at least one element that the host can address", "%v", v.Dims())
	}
	data := dense(&v)
	sum, d := sha256.Sum256(data), v.Dims()
	x := &contents{client: c, message: &pb.Content{
		Dtype: wire.FromType(v.DType()), Dims: []int64{int64(d[0]), int64(d[1]), int64(d[2])}, Sha256: sum[:],
	}}
	x.refs.Store(1)
	id, err := c.persist(func(ctx context.Context) (uint64, error) { return c.place(ctx, x.message, data) })
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x.id = id
	c.operands[x] = struct{}{}
	return x, nil
}

// dense returns a view's elements without gaps: the memory itself if it has
// none.
func dense(v *tensor.View) []byte {
	n := v.Len() * v.DType().Size()
	if v.Strides() == tensor.Compact(v.Dims()) {
		return unsafe.Slice((*byte)(v.Pointer()), n)
	}
	return wire.Elements(v)
}

// persist tries again as long as the Config says, while the error says that it
// may help.
func (c *Client) persist(try func(context.Context) (uint64, error)) (uint64, error) {
	begun := time.Now()
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		id, err := try(c.ctx)
		if err == nil {
			return id, nil
		}
		err = wire.Failed(err, time.Now())
		if !errors.Is(err, job.ErrDisconnected) || time.Since(begun)+wait > c.cfg.RetryFor {
			return 0, err
		}
		select {
		case <-time.After(wait):
		case <-c.closing:
			return 0, job.ErrClosed
		}
	}
}

// place asks for content, and sends what the server lacks of it.
func (c *Client) place(ctx context.Context, m *pb.Content, data []byte) (uint64, error) {
	found, err := c.find(ctx, m)
	if err != nil {
		return 0, err
	}
	if found.GetOperand() != nil {
		return found.GetOperand().GetId(), nil
	}
	s := c.Operands.Load(ctx)
	r := &pb.LoadRequest{Header: &pb.LoadHeader{Session: c.cfg.Session, Content: m, Offset: found.GetOffset()}}
	for rest := data[found.GetOffset():]; r.Header != nil || len(rest) > 0; r.Header = nil {
		n := min(len(rest), c.cfg.ChunkBytes)
		r.Data, rest = rest[:n], rest[n:]
		if err := s.Send(r); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		} else if err != nil {
			break // CloseAndReceive says why
		}
	}
	answer, err := s.CloseAndReceive()
	if err != nil {
		return 0, err
	}
	return answer.Msg.GetOperand().GetId(), nil
}

func (c *Client) find(ctx context.Context, m *pb.Content) (*pb.FindOperandResponse, error) {
	r, err := c.Operands.FindOperand(ctx, connect.NewRequest(&pb.FindOperandRequest{Session: c.cfg.Session, Content: m}))
	if err != nil {
		return nil, err
	}
	return r.Msg, nil
}

// recover looks for the operands on a server that does not know the session.
func (c *Client) recover(ctx context.Context) {
	c.mu.Lock()
	all := make([]*contents, 0, len(c.operands))
	for x := range c.operands {
		all = append(all, x)
	}
	c.mu.Unlock()
	for _, x := range all {
		found, err := c.find(ctx, x.message)
		c.mu.Lock()
		x.gone.Store(err != nil || found.GetOperand() == nil)
		x.id = found.GetOperand().GetId()
		c.mu.Unlock()
	}
}

// lost reports whether a call names an operand or shared memory that the server
// has no more.
func (x *call) lost() bool {
	for _, u := range x.uses {
		if u.contents.gone.Load() {
			return true
		}
	}
	return slices.ContainsFunc(x.regions, func(r *Region) bool { return r.gone.Load() })
}
