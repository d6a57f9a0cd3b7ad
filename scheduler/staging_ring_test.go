package scheduler_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// frail devices cannot read the caller's memory, and fail, hang and are lost now
// and then.
type frail struct {
	t        *testing.T
	adjacent atomic.Int64 // batches of many that had nothing to copy
	lost     atomic.Int64

	mu  sync.Mutex
	all []*sim.Device
}

func (f *frail) open() (device.Device, error) {
	d := sim.Open(sim.Config{
		Inner: openInner(f.t), Discrete: true, QueueDepth: 3, Before: time.Millisecond, Launch: time.Millisecond, Fault: f.fault,
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, d)
	return d, nil
}

// opened returns the devices that were opened.
func (f *frail) opened() []*sim.Device {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

func (f *frail) fault(b *device.Batch) sim.Fault {
	last := b.Stages[len(b.Stages)-1].Dispatches
	switch {
	case len(last) == 0: // an operand is loaded
		return sim.None()
	case len(b.Stages) == 1 && last[0].Matmul.Shape.N > 1:
		f.adjacent.Add(1)
	}
	switch rand.IntN(60) {
	case 0:
		f.lost.Add(1)
		return sim.Lost()
	case 1:
		return sim.Hang()
	case 2, 3:
		return sim.Error(errors.New("no luck"))
	}
	return sim.None()
}

// Vectors that lie beside their operand come to no harm when devices fail, hang
// and are replaced: what is done is right, every job ends once, and all memory is
// given back.
func TestStagingRingsOfFrailDevices(t *testing.T) {
	f := &frail{t: t}
	for round := uint64(0); f.adjacent.Load() < 100 || f.lost.Load() < 3; round++ {
		require.Less(t, round, uint64(300), "%d batches of many had nothing to copy, %d devices were lost", f.adjacent.Load(), f.lost.Load())
		bubble(t, func(t *testing.T) {
			first, _ := f.open()
			s, err := scheduler.Open(background, scheduler.Config{Device: first, Reopen: f.open})
			require.NoError(t, err)
			r := rand.New(rand.NewPCG(round, 1))
			w := integers(r, 32, 64)
			o, err := s.Load(w)
			require.NoError(t, err)
			var callers sync.WaitGroup
			for range 40 {
				x := integers(r, 64, 1)
				callers.Go(func() {
					for i := range 8 {
						j := &job.Matmul{A: o.View(), B: x, C: integers(rand.New(rand.NewPCG(1, 1)), 32, 1)}
						ctx, cancel := context.WithCancel(background)
						if i%5 == 4 {
							go cancel()
						}
						if s.Do(ctx, j) == nil {
							requireMultiplied(t, w, x, j.C)
						}
						cancel()
					}
				})
			}
			callers.Wait()
			for range 3 { // a batch that runs on may be followed by one that hangs
				for _, d := range f.opened() {
					d.Release()
				}
				time.Sleep(time.Minute)
			}
			o.Release()
			require.NoError(t, s.Close(background))
			audit := s.Audit()
			require.True(t, audit.Balances() && audit.InFlight == 0, "%+v", audit)
			for _, d := range f.opened() {
				require.Zero(t, d.BytesInUse())
				if err := d.Close(); d == first {
					require.NoError(t, err) // the scheduler closes the others
				}
			}
			f.all = nil
		})
	}
}

// Where vectors lie has no part in what is decided: traces replay, also those of
// batches that failed and were cut in two.
func TestReplayWithStagingRings(t *testing.T) {
	var adjacent atomic.Int64
	retries := 0
	for seed := range uint64(6) {
		var trace *metrics.Trace
		bubble(t, func(t *testing.T) { trace = ringTraffic(t, seed, &adjacent) })
		r := replay(t, trace, nil)
		requireSame(t, r)
		retries += r.Recorded.Reasons["retry"]
	}
	require.Greater(t, adjacent.Load(), int64(100))
	require.Positive(t, retries)
}

// ringTraffic runs callers of vectors on a device that fails now and then, and
// returns the trace.
func ringTraffic(t *testing.T, seed uint64, adjacent *atomic.Int64) *metrics.Trace {
	const size = 16
	r := rand.New(rand.NewPCG(seed, 11))
	var faults atomic.Bool // once the weights are loaded
	cfg := scheduler.Config{Trace: true, Device: sim.Open(sim.Config{
		Launch: 50 * time.Microsecond, QueueDepth: 2, Discrete: true, Before: 30 * time.Microsecond,
		Fault: func(b *device.Batch) sim.Fault {
			if last := b.Stages[len(b.Stages)-1].Dispatches; len(last) > 0 && len(b.Stages) == 1 && last[0].Matmul.Shape.N > 1 {
				adjacent.Add(1)
			}
			return someFault(r, faults.Load())
		},
	})}
	f := record(&cfg)
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	w := square(t, s, size)
	faults.Store(true)
	var all sync.WaitGroup
	for caller := range 30 {
		all.Go(func() {
			m := newMaker(seed*1000 + uint64(caller))
			for range 12 {
				time.Sleep(time.Duration(m.IntN(300)) * time.Microsecond)
				x, y := make([]float32, size), make([]float32, size)
				_ = s.Do(background, &job.Matmul{
					A: w.View(), B: tensor.Matrix(x, size, 1), C: tensor.Matrix(y, size, 1),
					Options: job.Options{Priority: job.Priority(m.IntN(2))},
				})
			}
		})
	}
	all.Wait()
	return f.traced(t, s)
}
