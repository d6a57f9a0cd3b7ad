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
