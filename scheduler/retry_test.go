package scheduler_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestRetryAfterIsKept has a job refused, and accepted after the time that the
// refusal named.
func TestRetryAfterIsKept(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := start(t, scheduler.Config{Device: seconds(1), NoBatching: true, Limits: job.Limits{Jobs: 2}})
				w := square(t, s, 4)
				refused := func() *job.QueueFullError {
					var full *job.QueueFullError
					require.ErrorAs(t, door(s, background, newProbe(w, job.Options{}).Matmul), &full)
					require.EqualValues(t, 1, full.Excess)
					return full
				}
				submit(t, s, newProbe(w, job.Options{}))
				submit(t, s, newProbe(w, job.Options{}))
				require.Zero(t, refused().RetryAfter, "nothing to go by")
				time.Sleep(time.Second)
				synctest.Wait()
				submit(t, s, newProbe(w, job.Options{}))
				full := refused()
				require.Equal(t, time.Second, full.RetryAfter, "one a second")
				require.ErrorContains(t, full, "retry after 1s")
				time.Sleep(full.RetryAfter)
				synctest.Wait()
				submit(t, s, newProbe(w, job.Options{}))
			})
		})
	}
}
