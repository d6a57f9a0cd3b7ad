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
	for f.adjacent.Load() < 100 || f.lost.Load() < 3 {
		bubble(t, func(t *testing.T) {
			first, _ := f.open()
			s, err := scheduler.Open(background, scheduler.Config{Device: first, Reopen: f.open})
			require.NoError(t, err)
			r := rand.New(rand.NewPCG(rand.Uint64(), 1))
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
