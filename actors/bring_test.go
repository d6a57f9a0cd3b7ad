package actors

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
)

// whereabouts notes on whose goroutine batches are accounted for.
type whereabouts struct{ device, other atomic.Int64 }

func (w *whereabouts) BatchEnded(*Outcome) {
	stack := make([]byte, 1<<13)
	if strings.Contains(string(stack[:runtime.Stack(stack, false)]), "sim.(*queue)") {
		w.device.Add(1)
		return
	}
	w.other.Add(1)
}

// A device that computes apart from the processors runs the actors when it has
// ended a batch, if it may; where processors compute they go on with that.
func TestTheDeviceRunsTheActors(t *testing.T) {
	for _, c := range []struct {
		depth int
		lend  bool
		want  bool
	}{{3, true, true}, {3, false, false}, {1, true, false}} {
		bubble(t, func(t *testing.T) {
			var where whereabouts
			r := newRig(t, sim.Config{Launch: time.Millisecond, QueueDepth: c.depth}, func(cfg *Config) {
				cfg.Lend, cfg.Observer = c.lend, &where
			})
			w := fill(4, 4, 1)
			for i := range 5 {
				wait(r.submit(product(w, 1, i))...)
				synctest.Wait()
			}
			require.Equal(t, c.want, where.device.Load() == 5, "%+v", c)
			require.EqualValues(t, 5, where.device.Load()+where.other.Load())
		})
	}
}

// Who submits to such a device does not wait for others to go first, nor for the
// loop.
func TestSubmitDoesNotQueueForTheLoop(t *testing.T) {
	for depth, rests := range map[int]int32{1: 9, 2: 10} {
		r := newRig(t, sim.Config{QueueDepth: depth}, func(c *Config) { c.Lend = true })
		r.at(func() {}) // it has started
		for !r.loop.tryOwn() {
			runtime.Gosched()
		}
		r.loop.rests.Store(10)                 // of breaths that are left out
		r.submit(product(fill(4, 4, 1), 1, 1)) // returns although nobody lets go of the loop
		require.Equal(t, rests, r.loop.rests.Load(), "depth %d", depth)
		require.True(t, r.refs[0].Pending())
		r.loop.lend()
		wait(r.refs...)
		requireDone(t, r.refs...)
	}
}
