package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// readiness tells whether the device works, by giving it something to do. Its
// method may be called from any goroutine.
type readiness struct {
	jobs job.Doer

	mu   sync.Mutex
	at   time.Time
	last error
}

func newReadiness(jobs job.Doer) *readiness { return &readiness{jobs: jobs} }

const (
	readyFor   = time.Second     // how long an answer is good
	readyLimit = 2 * time.Second // for the device to work
)

// probeTenant is who the job of a probe is for.
const probeTenant = "readyz"

// check returns nil when the device works. All who ask within a second get one
// answer.
func (r *readiness) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < readyFor {
		return r.last
	}
	// Not one caller's context: the answer is everybody's.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), readyLimit)
	defer stop()
	r.last = r.probe(ctx)
	r.at = time.Now()
	return r.last
}

func (r *readiness) probe(ctx context.Context) error {
	a, b, c := []float32{2, 3}, []float32{5, 7}, make([]float32, 1)
	err := r.jobs.Do(ctx, &job.Matmul{
		A: tensor.Matrix(a, 1, 2), B: tensor.Vector(b), C: tensor.Vector(c),
		Options: job.Options{Tenant: probeTenant, Priority: job.High},
	})
	switch {
	case errors.Is(err, job.ErrQueueFull): // busy is not broken
		return nil
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("the device did not run a job within %v", readyLimit)
	case err != nil:
		return err
	case c[0] != 31:
		return fmt.Errorf("the device says that 2*5 + 3*7 is %v", c[0])
	}
	return nil
}
