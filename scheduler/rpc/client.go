package rpc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
)

// Client runs jobs on a server. It is a job.Doer: its methods promise what those
// of *scheduler.Scheduler do, with these differences. A job that the server
// refuses has been handed over already: Submit returns its handle, which ends
// with the error. C is written only until the job has ended, whatever the outcome.
// The rest may be read a moment longer if it ended before its time: its message may
// be on its way, and in a Region the server's device may read it.
//
// While the server cannot be reached, jobs wait for it as long as
// Config.RetryFor says. They are sent again when it is back, and never run
// twice: C is written once or not at all.
//
// All methods may be called from any goroutine.
type Client struct {
	// The other calls of the server, for those who need them.
	Jobs      metallicv1connect.JobServiceClient
	Operands  metallicv1connect.OperandServiceClient
	Scheduler metallicv1connect.SchedulerServiceClient
	Admin     metallicv1connect.AdminServiceClient

	cfg    Config
	ledger *job.Ledger

	lastOperand atomic.Uint64
	socket      string // of the server, "" if it has none
	regions     atomic.Pointer[[]*Region]
	maxMessage  atomic.Int64  // bytes that the server takes in a message
	maxJobs     atomic.Int64  // and jobs
	turn        chan struct{} // holds one token: see admitAll
	ctx         context.Context
	stop        context.CancelFunc
	closed      atomic.Bool
	closing     chan struct{} // closed when Close begins
	ended       chan struct{} // closed when the last connection is
	wake        chan struct{} // holds one token: there is something to send
	shutting    *job.Closing

	mu       sync.Mutex
	window   window
	queue    []*call // to be sent
	cancels  []uint64
	server   string // the run of it that the session is known to
	up       bool   // a stream is open
	operands map[*contents]struct{}
}

var _ job.Doer = (*Client)(nil)

// Do implements job.Doer.
func (c *Client) Do(ctx context.Context, j job.Job) error {
	x, err := c.accept(ctx, j)
	if err != nil {
		return err
	}
	c.watchDeadline(x)
	if x.writesShared && ctx.Done() != nil {
		x.lasting = true
		defer context.AfterFunc(ctx, func() { c.giveUp(ctx, x) })()
	}
	c.enqueue(x)
	err = x.Await(ctx)
	if known := c.settle(x); !known && err == nil { // after an error an answer may be on its way
		x.recycle()
	}
	return err
}

// Submit implements job.Doer.
func (c *Client) Submit(ctx context.Context, j job.Job) (job.Handle, error) {
	x, err := c.accept(ctx, j)
	if err != nil {
		return job.Handle{}, err
	}
	c.follow(ctx, x)
	c.enqueue(x)
	return job.HandleOf(&x.Life), nil
}

// follow ends a submitted call with its context or its deadline.
func (c *Client) follow(ctx context.Context, x *call) {
	x.lasting = true
	c.watchDeadline(x)
	x.OnEnd(func() { c.settle(x) })
	if ctx.Done() != nil {
		after := context.AfterFunc(ctx, func() { c.giveUp(ctx, x) })
		x.OnEnd(func() { after() })
	}
}

// watchDeadline ends a call when its deadline passes, even without a server.
func (c *Client) watchDeadline(x *call) {
	if x.deadline.IsZero() {
		return
	}
	t := time.AfterFunc(time.Until(x.deadline), func() { x.End(job.Expired, job.ErrExpired) })
	x.OnEnd(func() { t.Stop() })
	x.lasting = true
}

// DoAll implements job.Doer.
func (c *Client) DoAll(ctx context.Context, jobs []job.Job) error {
	group := job.NewGroup()
	list, err := c.acceptAll(ctx, jobs, group)
	if err != nil || len(list) == 0 {
		return err
	}
	c.enqueueAll(list)
	if group.Wait(ctx) != nil {
		for _, x := range list {
			c.giveUp(ctx, x)
		}
		_ = group.Wait(context.Background()) // each has ended or is about to
	}
	var errs []error
	for i, x := range list {
		_, err := x.Result()
		if err != nil {
			errs = append(errs, fmt.Errorf("job %d of %d: %w", i, len(list), err))
		}
		if known := c.settle(x); !known && err == nil {
			x.recycle()
		}
	}
	return errors.Join(errs...)
}

// SubmitAll implements job.Doer.
func (c *Client) SubmitAll(ctx context.Context, jobs []job.Job) ([]job.Handle, error) {
	list, err := c.acceptAll(ctx, jobs, nil)
	if err != nil {
		return nil, err
	}
	handles := make([]job.Handle, len(list))
	for i, x := range list {
		handles[i] = job.HandleOf(&x.Life)
		c.follow(ctx, x)
	}
	c.enqueueAll(list)
	return handles, nil
}

// Audit returns how many jobs were submitted here and how they ended.
func (c *Client) Audit() job.Audit { return c.ledger.Audit() }
