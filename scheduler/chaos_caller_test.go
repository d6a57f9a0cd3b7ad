package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// call is one goroutine that submits jobs.
func (c *chaos) call(seed uint64, jobs int) {
	caller := newCaller(c.t, c.s, c.weights, seed)
	for range jobs {
		if caller.IntN(4) == 0 {
			time.Sleep(time.Duration(caller.IntN(3000)) * time.Millisecond)
		}
		c.count(caller.oneOf(c.inPlace))
	}
}

// oneOf is one, where results of inPlace bytes and more are written in place.
func (c *caller) oneOf(inPlace int) error {
	j := c.job()
	ctx, cancel := context.WithTimeout(background, time.Duration(1+c.IntN(20_000))*time.Millisecond)
	defer cancel()
	switch c.IntN(8) {
	case 0:
		j.Deadline = time.Now().Add(time.Duration(c.IntN(12_000)) * time.Millisecond)
	case 1:
		time.AfterFunc(time.Duration(c.IntN(12_000))*time.Millisecond, cancel)
	case 2:
		go cancel()
	default:
		ctx = background
	}
	j.Wait = c.IntN(2) == 0
	err := c.submit(ctx, j)
	n := j.C.Len()
	if err == nil {
		c.same(c.want[:n], "result")
		return nil
	}
	if inPlace < 0 || 4*n < inPlace || !errors.Is(err, job.ErrMemoryHeld) && !ran(err) {
		c.same(c.before[:n], fmt.Sprintf("C after %v", err))
	}
	// The device may still use what the job gave it.
	c.x, c.c = make([]float32, len(c.x)), make([]float32, len(c.c))
	return err
}

// ran reports whether a job may have run in place before it failed.
func ran(err error) bool { return outcomeOf(err) != rejected }

// count notes how a job ended by its error alone.
func (c *chaos) count(err error) {
	o := outcomeOf(err)
	switch {
	case errors.Is(err, job.ErrQuarantined): // its cause is of another job
		o = rejected
	case errors.Is(err, job.ErrHung), errors.Is(err, job.ErrFailed):
		o = job.Failed
	case errors.Is(err, job.ErrClosed) || errors.Is(err, job.ErrReleased):
		o = job.Cancelled // or rejected
	case o == job.Failed:
		c.t.Errorf("job ended with an error of no kind: %v", err)
	}
	for kind, n := range map[error]*atomic.Int64{
		job.ErrHung: &c.sum.hung, job.ErrMemoryHeld: &c.sum.held, job.ErrUnavailable: &c.sum.unavailable,
	} {
		if errors.Is(err, kind) && o != rejected {
			n.Add(1)
		}
	}
	if o == job.Cancelled && errors.Is(err, job.ErrClosed) {
		c.sum.closed.Add(1)
	}
	c.ends[o].Add(1)
}

// churn loads, updates and releases an operand while jobs use it.
func (c *chaos) churn() {
	r := rand.New(rand.NewPCG(c.seed, 99))
	matrix := func() tensor.View { return integers(r, stressSize, stressSize) }
	for range 5 {
		time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
		host := matrix()
		o, err := c.s.Load(host)
		if err != nil {
			continue
		}
		for range 3 {
			x, y := integers(r, stressSize, 1+r.IntN(3)), host
			j := &job.Matmul{A: o.View(), B: x, C: integers(r, stressSize, x.Cols())}
			err := c.s.Do(background, j)
			c.count(err)
			if err == nil {
				requireMultiplied(c.t, host, x, j.C)
			}
			a := &job.Attention{Q: integers(r, 1+r.IntN(3), stressSize), K: o.View(), V: o.View(), Causal: r.IntN(2) == 0}
			a.O = integers(r, a.Q.Rows(), stressSize)
			attended := attentionCheck(a, host, host)
			if err = c.s.Do(background, a); err == nil {
				err = attended.computed()
			}
			c.count(err)
			if y = matrix(); o.Update(y) == nil {
				host = y
			}
		}
		o.Release()
	}
}

// integers returns a matrix of small integers.
func integers(r *rand.Rand, rows, cols int) tensor.View {
	xs := make([]float32, rows*cols)
	for i := range xs {
		xs[i] = float32(r.IntN(9) - 4)
	}
	return tensor.Matrix(xs, rows, cols)
}

func requireMultiplied(t *testing.T, a, b, c tensor.View) {
	for i := range c.Rows() {
		for j := range c.Cols() {
			sum := float32(0)
			for k := range a.Cols() {
				sum += a.Value(0, i, k) * b.Value(0, k, j)
			}
			if got := c.Value(0, i, j); got != sum {
				t.Errorf("element (%d, %d) is %v, want %v", i, j, got, sum)
				return
			}
		}
	}
}
