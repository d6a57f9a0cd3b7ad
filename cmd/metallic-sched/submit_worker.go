package main

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// worker runs a job: a scheduler of this process, or a server.
type worker struct {
	job.Doer
	where   string // "in process", or the server's address
	device  string // its kind
	server  *rpc.Client
	shares  bool // memory, with a server on this machine
	explain func(context.Context, job.Job) (submitChoice, error)
	ctx     context.Context
}

// submitChoice is the kernel that a job gets.
type submitChoice struct {
	Backend     string `json:"backend"`
	Variant     string `json:"variant"`
	Kernel      string `json:"kernel"`
	Reason      string `json:"reason"`
	Orientation string `json:"orientation"`
}

// worker opens what the flags ask for.
func (f *submitFlags) worker(ctx context.Context) (*worker, error) {
	if f.Addr == "" {
		return f.inProcess(ctx)
	}
	if f.Device != "" {
		return nil, wrongUsage("--device and --addr: a server has its own device")
	}
	at, err := f.Access.Server(f.Addr)
	if err != nil {
		return nil, err
	}
	c, err := at.Dial(ctx, f.Tenant)
	if err != nil {
		return nil, err
	}
	w := &worker{Doer: c, where: at.Address(), server: c, shares: at.Socket(), ctx: ctx}
	w.explain = func(ctx context.Context, j job.Job) (submitChoice, error) { return ask(ctx, c, j) }
	status, _, err := at.Status(ctx)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.device = status.GetDevice().GetBackend()
	return w, nil
}

func (f *submitFlags) inProcess(ctx context.Context) (*worker, error) {
	cfg, err := environment(f.Device)
	if err != nil {
		return nil, err
	}
	s, err := fleet.OpenService(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, closeRecorder(&cfg))
	}
	w := &worker{Doer: s, where: "in process", device: s.Info().Backend, ctx: ctx}
	w.explain = func(_ context.Context, j job.Job) (submitChoice, error) {
		plan, orientation, err := s.Explain(j)
		if err != nil {
			return submitChoice{}, err
		}
		return submitChoice{plan.Family().String(), plan.Variant(), plan.Key.Kernel, plan.Reason(), orientation}, nil
	}
	return w, nil
}

// close ends what the worker has. What a server does not answer is given up
// after a while.
func (w *worker) close() error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(w.ctx), closeTime)
	defer stop()
	return w.Close(ctx)
}

const closeTime = 10 * time.Second

// messageBytes is how much of a job goes into one message to a server; the rest
// is loaded before, in pieces.
const messageBytes = 32 << 20

// resolve makes views of what the server has by a name, and loads what is too
// large for a message, the largest first.
func (w *worker) resolve(ctx context.Context, all ...*operand) error {
	for _, o := range all {
		if o.name == "" {
			continue
		}
		held, err := w.server.Named(ctx, o.name)
		if err != nil {
			return err
		}
		o.keep(held)
	}
	for w.server != nil {
		largest, sum := all[0], 0
		for _, o := range all {
			sum += o.bytes()
			if o.bytes() > largest.bytes() {
				largest = o
			}
		}
		if sum <= messageBytes {
			break
		}
		held, err := w.server.Load(largest.view)
		if err != nil {
			return err
		}
		largest.keep(held)
	}
	return nil
}

// array returns a new array: in memory that the server shares, if it is too
// large for a message and there is any.
func (w *worker) array(ctx context.Context, dt tensor.DType, shape []int) (*array.Array, error) {
	n, err := array.Bytes(dt, shape)
	if err != nil || !w.shares || n <= messageBytes {
		return array.New(dt, shape)
	}
	memory, err := w.server.Share(ctx, n)
	if err != nil {
		return nil, err
	}
	return &array.Array{DType: dt, Shape: shape, Data: memory.Bytes()[:n]}, nil
}

// ask has the server explain a job. What is loaded is told by any number.
func ask(ctx context.Context, c *rpc.Client, j job.Job) (submitChoice, error) {
	r, err := c.Scheduler.Explain(ctx, connect.NewRequest(&pb.ExplainRequest{Job: wireQuestion(j)}))
	if err != nil {
		return submitChoice{}, wire.Failed(err, time.Now())
	}
	choice := submitChoice{
		Backend: r.Msg.GetBackend(), Variant: r.Msg.GetVariant(), Kernel: r.Msg.GetKernel(), Orientation: r.Msg.GetOrientation(),
	}
	for _, rule := range r.Msg.GetRules() {
		if rule.GetApplied() {
			choice.Reason = rule.GetReason()
		}
	}
	return choice, nil
}
