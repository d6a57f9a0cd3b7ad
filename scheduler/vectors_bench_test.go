package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// BenchmarkVectors measures requests of a vector of the caller's each, times
// one matrix of 16-bit floats, from the call to the result in the caller's
// memory: on the device that -stress.device names, or else on the cpu. A
// device that can tell says how long it was idle meanwhile, by its own clock.
// bench/torch/requests.py is the same with PyTorch.
func BenchmarkVectors(b *testing.B) {
	for _, c := range [][2]int{{4096, 4096}, {9728, 896}, {896, 896}} {
		for _, callers := range []int{64, 256} {
			b.Run(fmt.Sprintf("%dx%d/callers=%d", c[0], c[1], callers), func(b *testing.B) { vectors(b, c[0], c[1], callers) })
		}
		b.Run(fmt.Sprintf("%dx%d/groups=64/callers=4", c[0], c[1]), func(b *testing.B) { vectorGroups(b, c[0], c[1]) })
	}
}

// idler is a device that knows for how long its queues had work and had none.
type idler interface {
	Busy() (busy, idle time.Duration)
}

// counted counts the batches of a device, and how long it has each.
type counted struct {
	device.Device
	batches, ns atomic.Int64
}

type countedQueue struct {
	device.Queue
	of *counted
}

func (c *counted) NewQueue() (device.Queue, error) {
	q, err := c.Device.NewQueue()
	return &countedQueue{q, c}, err
}

// NewAlarm is the device's.
func (c *counted) NewAlarm(ring func()) device.Alarm { return device.NewAlarm(c.Device, ring) }

func (q *countedQueue) Commit(b *device.Batch) {
	start, done := time.Now(), b.Done
	b.Done = func(b *device.Batch, t device.Timing, err error) {
		q.of.batches.Add(1)
		q.of.ns.Add(int64(time.Since(start)))
		b.Done = done
		done(b, t, err)
	}
	q.Queue.Commit(b)
}

// openCounted opens the device that -stress.device names, or else the cpu.
func openCounted(b *testing.B) *counted {
	name := *stressDevice
	if name == "" {
		name = "cpu"
	}
	d, err := discover.Open(name, discover.Config{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, d.Close()) })
	return &counted{Device: d}
}

// requests is a scheduler with a matrix of m x k.
type requests struct {
	*scheduler.Scheduler
	device *counted
	w      *scheduler.Operand
	host   []tensor.Float16
	m, k   int
}

func newRequests(b *testing.B, m, k int) *requests {
	r := &requests{device: openCounted(b), host: halves(m * k), m: m, k: k}
	r.Scheduler = start(b, scheduler.Config{Device: r.device})
	var err error
	r.w, err = r.Load(tensor.Matrix(r.host, m, k))
	require.NoError(b, err)
	return r
}

// halves returns n random numbers between -1 and 1.
func halves(n int) []tensor.Float16 {
	all := make([]tensor.Float16, n)
	v := tensor.Vector(all)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range all {
		v.SetValue(0, i, 0, 2*r.Float32()-1)
	}
	return all
}

func (r *requests) job() *job.Matmul {
	return &job.Matmul{A: r.w.View(), B: tensor.Vector(halves(r.k)), C: tensor.Vector(make([]tensor.Float16, r.m))}
}

// check compares some of a job's results with sums in float64.
func (r *requests) check(b *testing.B, j *job.Matmul) {
	w := tensor.Matrix(r.host, r.m, r.k)
	for i := 0; i < r.m; i += 101 {
		var want float64
		for k := range r.k {
			want += float64(w.Value(0, i, k)) * float64(j.B.Value(0, k, 0))
		}
		require.InDelta(b, want, j.C.Value(0, i, 0), 0.1, "row %d", i)
	}
}

// report reports the batches from the call on, and which part of the time the
// device's queues had nothing to do.
func (r *requests) report(b *testing.B) func() {
	batches, ns := r.device.batches.Load(), r.device.ns.Load()
	d, tells := r.device.Device.(idler)
	var busyBefore, idleBefore time.Duration
	if tells {
		busyBefore, idleBefore = d.Busy()
	}
	return func() {
		n := float64(r.device.batches.Load() - batches)
		b.ReportMetric(float64(b.N)/n, "jobs/batch")
		b.ReportMetric(float64(r.device.ns.Load()-ns)/n/1e3, "µs/batch")
		if tells {
			busy, idle := d.Busy()
			busy, idle = busy-busyBefore, idle-idleBefore
			b.ReportMetric(100*idle.Seconds()/(busy+idle).Seconds(), "%idle")
		}
	}
}

func vectors(b *testing.B, m, k, callers int) {
	r := newRequests(b, m, k)
	first := r.job()
	require.NoError(b, r.Do(background, first)) // compiles
	r.check(b, first)
	report := r.report(b)
	did, n := make([]*job.Matmul, callers), 0
	share(b, callers, 1, func() func() {
		j, done := r.job(), &did[n]
		n++
		return func() {
			if err := r.Do(background, j); err != nil {
				b.Error(err)
			}
			*done = j
		}
	})
	report()
	for _, j := range did {
		if j != nil { // a caller may have come too late for any
			r.check(b, j)
		}
	}
}

func vectorGroups(b *testing.B, m, k int) {
	const size = 64
	r := newRequests(b, m, k)
	report := r.report(b)
	share(b, 4, size, func() func() {
		js := make([]job.Job, size)
		for i := range js {
			js[i] = r.job()
		}
		require.NoError(b, r.DoAll(background, js))
		r.check(b, js[size-1].(*job.Matmul))
		return func() {
			if err := r.DoAll(background, js); err != nil {
				b.Error(err)
			}
		}
	})
	report()
}
