package rpc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// call is one job on its way.
type call struct {
	job.Life
	client   *Client
	form     job.Form
	account  *job.Account
	bytes    int64 // admitted
	result   tensor.View
	deadline time.Time
	wait     bool // for room on the server
	size     int  // bytes of data in the message
	uses     []use
	regions  []*Region
	// The result goes to shared memory. Then the call is held from when it is
	// first sent: nothing but an answer ends it.
	writesShared bool

	// Guarded by Client.mu from when it is in the window.
	id       uint64
	queued   bool // in Client.queue
	sent     bool // the server may have it
	again    bool // it is asked for once more
	resent   bool // the server may have it from before it was last sent
	held     bool // by the server's writing
	out      bool // it was sent, and not refused since: a server may write
	answered bool // the server has said what became of it
	together *together
	giveUp   time.Time // when it no longer waits for a server, while there is none
	refused  time.Time // when a draining server first refused it
	lasting  bool      // a timer or a handle may know it after its end
	released sync.Once
	timer    *time.Timer

	message   pb.Job
	matmul    pb.Matmul
	softmax   pb.Softmax
	attention pb.Attention
	tensors   [4]pb.Tensor
	datas     [4]pb.Tensor_Data
}

// together are jobs that are accepted together.
type together struct{ calls []*call }

// use is an operand that a call names, by the tensor of its message.
type use struct {
	operand  *Operand
	contents *contents
	memory   *pb.Tensor_Operand
	tensor   int // of call.tensors
}

var calls = sync.Pool{New: func() any { return new(call) }}

// newCall checks a job and writes its message. The operands it names are held.
// A job that is refused is not counted yet.
func (c *Client) newCall(ctx context.Context, j job.Job) (*call, error) {
	if j == nil {
		return nil, wire.Invalid("job", "a *job.Matmul, *job.Softmax or *job.Attention", "nil")
	}
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	x := calls.Get().(*call)
	x.client = c
	if err := x.fill(ctx, j); err != nil {
		x.letGo()
		return nil, err
	}
	return x, nil
}

// tenantOf returns whose job it is.
func (c *Client) tenantOf(o *job.Options) string {
	if o.Tenant != "" {
		return o.Tenant
	}
	return c.cfg.Tenant
}

func (x *call) fill(ctx context.Context, j job.Job) error {
	if err := j.Arrange(&x.form, asWritten); err != nil {
		return err
	}
	if x.client.closed.Load() { // before an operand that is gone, too
		return job.ErrClosed
	}
	o := job.OptionsOf(j)
	x.bytes, x.wait, x.deadline = x.form.Volume(), o.Wait, o.Deadline
	if d, ok := ctx.Deadline(); ok && (x.deadline.IsZero() || d.Before(x.deadline)) {
		x.deadline = d
	}
	tenant := x.client.tenantOf(o)
	x.account = x.client.ledger.Account(tenant)
	x.message.Tenant, x.message.Priority = tenant, int32(o.Priority)
	var err error
	switch k := j.(type) {
	case *job.Matmul:
		err = x.product(k)
	case *job.Softmax:
		err = x.rows(k)
	case *job.Attention:
		err = x.heads(k)
	}
	if most := int(x.client.maxMessage.Load()) - messageSlack; err == nil && x.size > most {
		err = wire.TooLarge("size", "up to "+wire.Bytes(most)+" in a message", "%d bytes of A, B and C", x.size)
	}
	return err
}

func asWritten(bool, bool) (bool, string) { return false, "" }

// letGo gives the operands back and, when nobody can know the call, its memory.
func (x *call) letGo() {
	x.release()
	x.recycle()
}

// releaseOnce is release for a call that was accepted: its end may be noticed
// twice.
func (x *call) releaseOnce() { x.released.Do(x.release) }

func (x *call) release() {
	for i := range x.uses {
		x.uses[i].contents.drop()
	}
	clear(x.uses)
	x.uses = x.uses[:0]
	clear(x.regions)
	x.regions = x.regions[:0]
}

// recycle makes the call ready for another job.
func (x *call) recycle() {
	x.Reset()
	x.result, x.size, x.form = tensor.View{}, 0, job.Form{}
	x.id, x.queued, x.sent, x.answered, x.together, x.giveUp, x.timer = 0, false, false, false, nil, time.Time{}, nil
	x.refused, x.lasting, x.released = time.Time{}, false, sync.Once{}
	x.held, x.out, x.resent, x.again, x.writesShared = false, false, false, false, false
	x.message.Work, x.message.Id, x.message.Retry, x.message.TimeoutNs = nil, 0, false, 0
	for i := range x.tensors {
		x.tensors[i].Memory, x.datas[i].Data = nil, nil
	}
	calls.Put(x)
}

// take holds a call whose result the server is going to write; false if it has
// ended.
func (x *call) take() bool {
	x.held = x.Hold()
	return x.held
}

// over reports whether the call ended while it was queued. Otherwise it is held from now
// on if the server is going to write its result.
func (x *call) over() bool {
	if x.held {
		return x.Ended()
	}
	return !x.Pending() || x.writesShared && !x.take()
}

// fail ends the call without an answer.
func (x *call) fail(err error) {
	x.End(job.Failed, err) // first: it cannot be held any more then unless it is by now
	x.client.mu.Lock()
	held, out := x.held, x.out
	x.client.mu.Unlock()
	if out {
		err = &job.HeldError{Cause: err} // never released, as far as is known
	}
	if held {
		x.Release(job.Failed, err)
	}
}

// finish ends the call with what the server said.
func (x *call) finish(r *pb.Result) {
	err := wire.ToError(r.GetError(), time.Now())
	var held *job.HeldError
	if errors.As(err, &held) && len(x.regions) == 0 {
		err = held.Cause // it is the server's memory that is held, and not the caller's
	}
	n := x.result.Len() * x.result.DType().Size()
	switch {
	case x.held:
		x.Release(outcomeOf(err), err)
	case err != nil:
		x.End(outcomeOf(err), err)
	case len(r.GetData()) != n:
		x.End(job.Failed, fmt.Errorf("%w: the server sent %d bytes for a result of %d", job.ErrFailed, len(r.GetData()), n))
	case x.Hold():
		if err := x.land(r.GetData()); err != nil {
			x.Release(job.Failed, err)
			return
		}
		x.Release(job.Done, nil)
	}
}

// land copies the result to the caller's memory. That may be gone, or not to be
// written, which is no reason to take the answers of others along.
func (x *call) land(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if err := device.TryCopy(x.result, wire.Over(wire.Aligned(data), &x.result)); err != nil {
		return fmt.Errorf("%w: result: %w", job.ErrFailed, err)
	}
	return nil
}
