package scheduler_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

var errInjected = errors.New("injected")

// stressDevice is a device that does not fail on demand.
var stressDevice = flag.String("stress.device", "", "the device for TestStress, such as cuda, instead of one that fails at random")

// TestStress submits a million mixed jobs from 64 goroutines while batches
// fail before and after they were computed, memory runs out, the device panics
// and actors are restarted. Every job must end once, and C must hold either
// the result or what it held before.
func TestStress(t *testing.T) {
	jobs := 1_000_000 / slowdown
	if testing.Short() {
		jobs = 50_000 / slowdown
	}
	rarely := jobs / 500
	var faults, restarts atomic.Int64
	d := openStressed(t, &faults)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	cfg := scheduler.WithFault(scheduler.Config{
		Device: d, MaxColumns: 48, InPlaceBytes: -1,
		Limits: job.Limits{Jobs: 300, TenantJobs: 200},
	}, func(string) {
		if rand.IntN(rarely) == 0 {
			restarts.Add(1)
			panic(errInjected)
		}
	})
	s := start(t, cfg)
	w := loadIntegers(t, s)
	var ends [job.Outcomes + 1]atomic.Int64
	var all sync.WaitGroup
	const callers = 64
	for g := range callers {
		all.Go(func() {
			c := newCaller(t, s, w, uint64(g))
			for range jobs / callers {
				ends[c.one()].Add(1)
			}
		})
	}
	all.Wait()
	audit := s.Audit()
	t.Logf("%d jobs, %d batches failed, %d actor restarts: %+v", jobs, faults.Load(), restarts.Load(), audit)
	require.EqualValues(t, jobs/callers*callers, audit.Submitted)
	require.Equal(t, ends[job.Done].Load(), audit.Done)
	require.Equal(t, ends[job.Failed].Load(), audit.Failed)
	// Do cannot tell a job refused for its deadline from one that expired.
	require.Equal(t, ends[job.Cancelled].Load()+ends[job.Expired].Load()+ends[rejected].Load(),
		audit.Cancelled+audit.Expired+audit.Rejected)
	require.NotZero(t, restarts.Load())
	if jobs < 500_000 {
		return // too few for every rare outcome to be sure to happen
	}
	for o := int(job.Done); o < len(ends); o++ {
		if o == int(job.Failed) && *stressDevice != "" {
			continue // it does not fail on demand
		}
		require.NotZero(t, ends[o].Load(), "outcome %d never happened", o)
	}
}

func openStressed(t testing.TB, faults *atomic.Int64) device.Device {
	if *stressDevice == "" {
		return sim.Open(sim.Config{Inner: openInner(t), Fault: randomFaults(faults)})
	}
	d, err := discover.Open(*stressDevice, discover.Config{})
	require.NoError(t, err)
	return d
}

// rejected counts beside the outcomes.
const rejected = job.Outcome(job.Outcomes)

// randomFaults fails about one batch in fifty, in every way there is.
func randomFaults(count *atomic.Int64) func(*device.Batch) sim.Fault {
	return func(*device.Batch) sim.Fault {
		n := rand.IntN(200)
		if n > 3 {
			return sim.None()
		}
		count.Add(1)
		switch n {
		case 0:
			return sim.Error(&device.KernelError{Kernel: "matmul", Cause: errInjected})
		case 1:
			return sim.ErrorAfter(errInjected)
		case 2:
			return sim.OutOfMemory()
		default:
			return sim.Panic(errInjected)
		}
	}
}

const stressSize = 6

// loadIntegers loads matrices of small integers, so that products are exact.
func loadIntegers(t testing.TB, s *scheduler.Scheduler) []*weight {
	var ws []*weight
	r := rand.New(rand.NewPCG(5, 6))
	for range 3 {
		xs := make([]float32, stressSize*stressSize)
		for i := range xs {
			xs[i] = float32(r.IntN(9) - 4)
		}
		host := tensor.Matrix(xs, stressSize, stressSize)
		o, err := s.Load(host)
		require.NoError(t, err)
		ws = append(ws, &weight{o.View(), host})
	}
	return ws
}

// caller is one goroutine of the stress test with its own x, C and jobs.
type caller struct {
	*rand.Rand
	t       testing.TB
	s       *scheduler.Scheduler
	weights []*weight
	x, c    []float32
	want    []float32
	before  []float32
}

func newCaller(t testing.TB, s *scheduler.Scheduler, ws []*weight, seed uint64) *caller {
	const most = stressSize * 60
	return &caller{
		Rand: rand.New(rand.NewPCG(seed, 1)), t: t, s: s, weights: ws,
		x: make([]float32, most), c: make([]float32, most), want: make([]float32, most), before: make([]float32, most),
	}
}

// one submits one job and checks what became of it.
func (c *caller) one() job.Outcome {
	j := c.job()
	ctx, cancel := background, context.CancelFunc(func() {})
	switch c.IntN(10) {
	case 0:
		j.Deadline = time.Now().Add(time.Duration(c.IntN(300)) * time.Microsecond)
	case 1:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(c.IntN(300))*time.Microsecond)
	case 2:
		ctx, cancel = context.WithCancel(ctx)
		go cancel()
	case 3:
		j.Wait = true
	}
	defer cancel()
	err := c.submit(ctx, j)
	n := len(values(j.C))
	if err == nil {
		c.same(c.want[:n], "result")
	} else {
		c.same(c.before[:n], fmt.Sprintf("C after %v", err))
		// The device may still be reading what a cancelled job gave it.
		c.x, c.c = make([]float32, len(c.x)), make([]float32, len(c.c))
	}
	return outcomeOf(err)
}

// submit uses the different doors of the scheduler in turn.
func (c *caller) submit(ctx context.Context, j *job.Matmul) error {
	switch c.IntN(3) {
	case 0:
		h, err := c.s.Submit(ctx, j)
		if err != nil {
			return refused{err}
		}
		if c.IntN(8) == 0 {
			h.Cancel()
		}
		return h.Wait(background)
	case 1:
		return c.s.DoAll(ctx, []job.Job{j})
	default:
		return c.s.Do(ctx, j)
	}
}

type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// job returns y = alpha*W*x + beta*y over integers, of a random width.
func (c *caller) job() *job.Matmul {
	w := c.weights[c.IntN(len(c.weights))]
	n := 1
	if c.IntN(20) == 0 {
		n = 1 + c.IntN(60)
	}
	alpha, beta := float32(c.IntN(3)), float32(c.IntN(3))
	for i := range stressSize * n {
		c.x[i], c.before[i] = float32(c.IntN(9)-4), float32(c.IntN(9)-4)
	}
	copy(c.c, c.before)
	for i := range stressSize {
		for col := range n {
			sum := float32(0)
			for k := range stressSize {
				sum += w.host.Value(0, i, k) * c.x[k*n+col]
			}
			c.want[i*n+col] = alpha*sum + beta*c.before[i*n+col]
		}
	}
	return &job.Matmul{
		A: w.loaded, B: tensor.Matrix(c.x[:stressSize*n], stressSize, n), C: tensor.Matrix(c.c[:stressSize*n], stressSize, n),
		Scale:   job.AlphaBeta(alpha, beta),
		Options: job.Options{Tenant: []string{"", "a", "b"}[c.IntN(3)], Priority: job.Priority(c.IntN(3) - 1)},
	}
}

func (c *caller) same(want []float32, what string) {
	for i, x := range want {
		if c.c[i] != x {
			c.t.Errorf("%s: element %d is %v, want %v", what, i, c.c[i], x)
			return
		}
	}
}

// outcomeOf tells from an error alone how the scheduler must have counted.
func outcomeOf(err error) job.Outcome {
	var no refused
	switch {
	case err == nil:
		return job.Done
	case errors.As(err, &no), errors.Is(err, job.ErrQueueFull):
		return rejected
	case errors.Is(err, job.ErrExpired):
		return job.Expired
	case errors.Is(err, job.ErrCancelled):
		return job.Cancelled
	}
	return job.Failed
}
