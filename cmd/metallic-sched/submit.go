package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// submitCommand runs one job.
type submitCommand struct {
	Matmul    submitMatmul    `cmd:"" help:"C = alpha*op(A)*op(B) + beta*C + bias."`
	Softmax   submitSoftmax   `cmd:"" help:"Softmax over every row of X."`
	Attention submitAttention `cmd:"" help:"O = softmax(scale*Q*Kt)*V, for every head."`
}

// submitHelp is for all operations.
const submitHelp = `A file is FILE.npy (float32 or float16), FILE.safetensors, or FILE.safetensors:TENSOR if it has several. A vector is a column, three dimensions are a batch of matrices. The result is written when all of it is there, in place of a file of that name; after an error there is none, or the old one.`

// submitFlags are for all operations.
type submitFlags struct {
	Addr   string        `placeholder:"ADDR" help:"The server: HOST:PORT, unix:PATH or https://HOST:PORT (default: none; the job runs in this process)."`
	Access remote.Access `embed:""`
	Device string        `placeholder:"NAME" help:"The device of a job without a server (default: METALLIC_DEVICE, or the best found)."`

	Out      string        `short:"o" required:"" placeholder:"FILE" help:"Where the result goes: FILE.npy, FILE.safetensors or FILE.safetensors:TENSOR."`
	Tenant   string        `help:"Who the job is for."`
	Priority string        `default:"normal" enum:"low,normal,high" help:"low, normal or high."`
	Timeout  time.Duration `help:"When to give up (default: never)."`
	JSON     bool          `name:"json" help:"Report as JSON on standard output, instead of a line on standard error."`
}

// errand is a job that waits for its operands.
type errand interface {
	// prepare returns the job, and the array that its result will be in. The
	// options are the job's.
	prepare(ctx context.Context, w *worker, o job.Options) (job.Job, *array.Array, error)
}

// run does an errand and writes the result.
func (f *submitFlags) run(ctx context.Context, s streams, e errand) error {
	if f.Timeout < 0 {
		return wrongUsage("--timeout is %v; allowed: more than 0", f.Timeout)
	}
	out, err := array.ParsePlace(f.Out)
	if err == nil {
		err = array.Writable(out)
	}
	if err != nil {
		return err
	}
	o := job.Options{Tenant: f.Tenant, Priority: map[string]job.Priority{"low": job.Low, "high": job.High}[f.Priority]}
	if f.Timeout > 0 {
		o.Deadline = time.Now().Add(f.Timeout)
		limited, stop := context.WithDeadline(ctx, o.Deadline)
		defer stop()
		ctx = limited
	}
	report, err := f.answer(ctx, e, o, out)
	switch {
	case err == nil:
		return report.tell(s, f.JSON)
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, job.ErrExpired):
		return fmt.Errorf("%w: %w", job.ErrExpired, err) // on the way to the server
	}
	return err
}

// answer opens a worker for an errand.
func (f *submitFlags) answer(ctx context.Context, e errand, o job.Options, out array.Place) (*submitReport, error) {
	w, err := f.worker(ctx)
	if err != nil {
		return nil, err
	}
	report, err := f.work(ctx, w, e, o, out)
	return report, errors.Join(err, w.close())
}

// work has the worker do an errand, writes the result and reports it.
func (f *submitFlags) work(ctx context.Context, w *worker, e errand, o job.Options, out array.Place) (*submitReport, error) {
	j, result, err := e.prepare(ctx, w, o)
	if err == nil {
		err = out.Holds(result)
	}
	if err != nil {
		return nil, err
	}
	report, err := newSubmitReport(w, j)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := w.Do(ctx, j); err != nil {
		return nil, err
	}
	report.Seconds = time.Since(begun).Seconds()
	if report.submitChoice, err = w.explain(ctx, j); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	report.result(out, result)
	return report, array.Write(out, result)
}
