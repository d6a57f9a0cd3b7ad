package actors

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// While the refuge takes the jobs that waited another is submitted: it goes there
// too, and is not formed for a device that is gone.
func TestRefugeTakesWhatComesMeanwhile(t *testing.T) {
	for _, depth := range []int{1, 3} {
		bubble(t, func(t *testing.T) {
			var late *Task
			var r *rig
			r = newRig(t, sim.Config{QueueDepth: depth}, func(c *Config) {
				c.Refuge = func(ts []*Task, _ error) {
					if late == nil {
						late = r.submit(product(fill(4, 4, 1), 1, 7))[0]
					}
					for _, t := range ts {
						t.End(job.Cancelled, job.ErrCancelled) // as by another engine
						t.abandon()
					}
				}
			})
			r.at(func() {
				r.submit(product(fill(4, 4, 1), 1, 1))
				require.NoError(t, r.desk.queue.Close())
				r.desk.queue = nil
				r.desk.giveUp(errors.New("gone"))
			})
			wait(r.refs...)
			_, err := late.Result()
			require.ErrorIs(t, err, job.ErrCancelled, "depth %d", depth)
		})
	}
}

// A job that another engine takes gives up its place beside an operand here.
func TestRefugeIsInNoRing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var ring *ring
		users := int32(-1)
		r := newRig(t, sim.Config{Discrete: true, QueueDepth: 2}, func(c *Config) {
			c.Refuge = func(ts []*Task, _ error) {
				users = ring.places[ts[0].place].Load()
				ts[0].Forsake(job.ErrCancelled)
			}
		})
		o, resident := r.load(fill(128, 64, 1))
		ring = r.openRingOf(o, resident)
		_, tasks := r.products(o, resident, 1, 0)
		r.at(func() {
			r.Submit(tasks[0])
			require.EqualValues(t, 1, ring.places[tasks[0].place].Load())
			require.NoError(t, r.desk.queue.Close())
			r.desk.queue = nil
			r.desk.giveUp(errors.New("gone"))
		})
		wait(tasks...)
		require.Zero(t, users)
		o.buffer.Free()
		require.NoError(t, r.close(background))
	})
}
