package actors

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

// What comes while the host is busy with a batch is the next one, as soon as the
// host is through, also while the device is busy.
func TestRoomWhenTheHostIsThrough(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const us = time.Microsecond
		s := &seen{zero: time.Now()}
		r := newRig(t, sim.Config{Before: 100 * us, Launch: 80 * us, QueueDepth: 3, Fault: s.fault}, nil)
		w := fill(4, 4, 1)
		for range 20 {
			r.submit(product(w, 1, 1))
			time.Sleep(31 * us) // never when the host gets through
		}
		wait(r.refs...)
		requireDone(t, r.refs...)
		require.Equal(t, [][]int{{1}, {3}, {3}, {3}, {3}, {4}, {3}}, s.columns)
		for i, at := range s.at[1:] {
			require.Equal(t, 100*us, at-s.at[i], "the host never waits while jobs do")
		}
	})
}

// A batch that runs for long is followed without a pause: the next one is
// formed when no more is left of it than handing over takes.
func TestRoomBeforeALongBatchEnds(t *testing.T) {
	for _, before := range []time.Duration{0, 100 * time.Microsecond} { // for what begins in Commit, the configured hand-over counts
		t.Run(fmt.Sprint(before), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				const step = 50 * time.Microsecond
				s := &seen{zero: time.Now()}
				r := newRig(t, sim.Config{Before: before, Launch: 10 * step, QueueDepth: 3, Fault: s.fault}, nil)
				w := fill(4, 4, 1)
				for range 10 { // the model learns how long they take
					wait(r.submit(product(w, 1, 1))...)
				}
				n, start := len(s.columns), time.Now()
				for range 30 {
					r.submit(product(w, 1, 1))
					time.Sleep(step)
				}
				wait(r.refs...)
				batches := s.columns[n:]
				require.InDelta(t, before+time.Duration(len(batches))*10*step, time.Since(start), float64(time.Microsecond), "the device never waits")
				for _, columns := range batches[1 : len(batches)-1] {
					require.GreaterOrEqual(t, columns[0], 9, "%v: batches bind late", batches)
				}
				synctest.Wait()
			})
		})
	}
}

// While a batch is late nobody is woken to look for room again and again.
func TestNoRoomBehindALateBatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const us = time.Microsecond
		late := false
		looked := 0
		r := newRig(t, sim.Config{QueueDepth: 3, Time: func(*device.Batch) time.Duration {
			if late {
				return time.Minute
			}
			return 30 * us
		}}, func(c *Config) {
			c.Fault = func(string) { looked++ }
		})
		w := fill(4, 4, 1)
		for range 10 { // the model learns how long they take
			wait(r.submit(product(w, 1, 1))...)
		}
		late = true
		for range 10 {
			r.submit(product(w, 1, 1))
			time.Sleep(15 * us)
		}
		synctest.Wait()
		looked = 0
		time.Sleep(time.Second)
		synctest.Wait()
		require.LessOrEqual(t, looked, 1)
		wait(r.refs...)
	})
}
