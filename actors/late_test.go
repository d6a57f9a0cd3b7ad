package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Whoever lands a batch may still be asking for help when others have landed all
// of it and the engine has closed: nobody comes, and nothing else happens.
func TestHelpIsAskedForAfterClose(t *testing.T) {
	noLeaks(t)
	r := newRig(t, sim.Config{QueueDepth: 2}, func(c *Config) { c.Landing.Helpers = 1 })
	b := r.newBatch()
	require.NoError(t, r.close(background))
	l := &landing{batch: b, each: 1, pieces: 3}
	l.taken.Store(3) // a helper that has not ended yet may come
	require.NotPanics(t, l.invite)
}

// A batch whose results are being read while two queues fall, one after the
// other, is of the first: that one waits for it, and the second does not.
func TestTwoFallsWhileABatchLands(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Launch: time.Second, QueueDepth: 2}, nil)
		read := make(chan struct{})
		task := r.task(product(fill(4, 4, 1), 1, 1))
		task.OnEnd(func() { <-read })
		r.Submit(task)
		time.Sleep(time.Second)
		synctest.Wait()
		var fallen []*wreckage
		for range 2 {
			r.at(func() {
				r.desk.fall(job.ErrHung, false)
				fallen = append(fallen, r.dropped[len(r.dropped)-1])
			})
			time.Sleep(time.Minute) // there is another queue
			r.at(func() { require.NotNil(t, r.desk.queue) })
		}
		require.False(t, fallen[0].isClean())
		require.True(t, fallen[1].isClean())
		close(read)
		synctest.Wait()
		require.True(t, fallen[0].isClean(), "nothing holds it any more")
		requireDone(t, task)
		require.NoError(t, r.close(background))
	})
}

// A notice that a batch has begun may come when the batch has ended, and is a
// credit again, or was given up. Only one that runs has begun.
func TestBegunTooLate(t *testing.T) {
	for name, c := range map[string]struct {
		stage int32
		out   bool
		begun bool
	}{
		"runs":            {running, true, true},
		"a credit again":  {idle, true, false},
		"given up":        {wrecked, false, false},
		"ended and spare": {idle, false, false},
	} {
		r := newRig(t, sim.Config{QueueDepth: 2}, nil)
		var begun, learned bool
		r.at(func() {
			d, b := r.desk, r.newBatch()
			b.stage.Store(c.stage)
			b.formed = r.now().Add(-time.Hour)
			if c.out {
				d.out = append(d.out, b)
			}
			d.begun(b)
			begun, learned = !b.begun.IsZero(), d.handover.Time(0) > 0
			d.takeBack(b)
		})
		require.Equal(t, c.begun, begun, name)
		require.Equal(t, c.begun, learned, name)
	}
}
