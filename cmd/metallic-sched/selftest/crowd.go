package selftest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Crowd is a run of many goroutines through the whole scheduler. Each job
// multiplies one weight with a vector of its own.
type Crowd struct {
	Jobs    int   `json:"jobs"`
	Callers int   `json:"callers"`
	Batches int64 `json:"batches"`
	Measure
	Audit    job.Audit `json:"audit"`
	Balances bool      `json:"balances"`
	// SameBits says that a job asked by every caller had the same result each
	// time, to the bit, as it had alone.
	SameBits bool     `json:"same_bits"`
	Untested []string `json:"not_tested,omitempty"` // and why
}

const (
	callers  = 16
	jobsEach = 20
)

// crowd runs the jobs and compares every result with the reference.
func (s Setup) crowd(ctx context.Context) (result any, err error) {
	ref, err := openRig(s.Reference)
	if err != nil {
		return nil, err
	}
	weight := size{m: 896, k: 896, a: kerneltest.RowMajor, b: kerneltest.ColumnMajor, loaded: true}
	p, err := newProduct(ref, weight, callers*jobsEach, tensor.F16, tensor.F32)
	if err = errors.Join(err, ref.close()); err != nil {
		return nil, err
	}
	dut, err := s.Open()
	if err != nil {
		return nil, err
	}
	c := &Crowd{Jobs: callers * jobsEach, Callers: callers}
	pretend := pretends(dut.Info())
	if pretend {
		c.Untested = append(c.Untested, "results: "+pretence)
	}
	s.tell("%d jobs of %d callers", c.Jobs, c.Callers)
	err = c.run(ctx, scheduler.Config{Device: dut}, p, pretend)
	return join(c, err, dut.Close())
}

// run opens a scheduler, lets all callers work, and closes it.
func (c *Crowd) run(ctx context.Context, cfg scheduler.Config, p *product, pretend bool) error {
	var batches counter
	cfg.Recorder = &batches
	s, err := scheduler.Open(ctx, cfg)
	if err != nil {
		return err
	}
	w, err := s.Load(p.a.View)
	if err != nil {
		return errors.Join(err, s.Close(ctx))
	}
	q := &question{ctx: ctx, scheduler: s, weight: w, product: p}
	err = q.ask()
	err = errors.Join(err, s.Close(ctx))
	c.Batches, c.Audit = batches.Load(), s.Audit()
	c.Balances = c.Audit.Balances() && c.Audit.InFlight == 0 && c.Audit.Done == c.Audit.Submitted
	if err == nil && !pretend {
		q.look(c)
	}
	return err
}

// question is what the callers ask: column j of A*B. The first of each caller's
// is column 0.
type question struct {
	ctx       context.Context
	scheduler *scheduler.Scheduler
	weight    *scheduler.Operand
	*product
	alone   []float32
	answers [callers][jobsEach][]float32
}

func (q *question) ask() error {
	var err error
	if q.alone, err = q.do(0); err != nil {
		return fmt.Errorf("a job alone: %w", err)
	}
	var all sync.WaitGroup
	var errs [callers]error
	for i := range callers {
		all.Go(func() {
			for j := range jobsEach {
				if q.answers[i][j], errs[i] = q.do(q.column(i, j)); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs[:]...)
}

// column is what a caller's job j asks for.
func (q *question) column(caller, j int) int {
	if j == 0 {
		return 0
	}
	return caller*jobsEach + j
}

func (q *question) do(column int) ([]float32, error) {
	y := make([]float32, q.m)
	x := q.b.View
	x.Columns(column, column+1)
	return y, q.scheduler.Do(q.ctx, &job.Matmul{A: q.weight.View(), B: x, C: tensor.Vector(y)})
}

// look compares all answers.
func (q *question) look(c *Crowd) {
	c.SameBits = true
	for i := range callers {
		for j, y := range q.answers[i] {
			column := q.column(i, j)
			for row, got := range y {
				want, magnitude := float64(q.want[row*q.n+column]), float64(q.magnitude[row*q.n+column])
				c.see(row, column, got, want, magnitude*single, productTolerance(tensor.F32, q.k, want, magnitude))
				c.SameBits = c.SameBits && (column > 0 || got == q.alone[row])
			}
		}
	}
}

// outcome is that of the audit and, where there are results, of those.
func (c *Crowd) outcome() Outcome {
	switch {
	case !c.Balances:
		return Failed
	case len(c.Untested) > 0:
		return NotTested
	case !c.SameBits:
		return Failed
	}
	return c.verdict()
}

// counter is a metrics.Recorder that counts batches.
type counter struct{ atomic.Int64 }

// Record implements metrics.Recorder.
func (c *counter) Record(*metrics.Decision) { c.Add(1) }
