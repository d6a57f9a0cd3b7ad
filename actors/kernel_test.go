package actors

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A cold kernel holds up its own batch only as far as the device is concerned,
// and no actor waits for it.
func TestKernelCompilesOffTheActors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{CompileTime: time.Second, QueueDepth: 2}, func(c *Config) { c.Handover = time.Hour })
		w := fill(4, 4, 1)
		wait(r.submit(product(w, 1, 1))...) // its kernel is warm now
		start := time.Now()
		cold := r.submit(&job.Softmax{X: fill(2, 8, 1)})
		synctest.Wait()
		warm := r.submit(product(w, 1, 2))
		wait(warm...)
		require.Zero(t, time.Since(start))
		wait(cold...)
		require.Equal(t, time.Second, time.Since(start))
		requireDone(t, r.refs...)
		require.EqualValues(t, 2, r.sim.Compiles())
	})
}

// Jobs that come while their kernel is compiled gather for it.
func TestKernelLaneGathersWhileCold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{CompileTime: time.Second}, nil)
		w := fill(4, 4, 1)
		r.submit(product(w, 1, 1))
		for range 5 {
			synctest.Wait()
			r.submit(product(w, 1, 2))
		}
		wait(r.refs...)
		requireDone(t, r.refs...)
		require.EqualValues(t, 2, r.sim.Batches(), "one, and then the five together")
	})
}

// However a compiler fails, its jobs are told and others are not harmed.
func TestKernelCompilerFails(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error":  func() error { return errors.New("does not compile") },
		"panic":  func() error { panic("does not compile") },
		"goexit": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			r := newRig(t, sim.Config{CompileError: func(k kernels.Key) error {
				if k.Width != 0 {
					return fail()
				}
				return nil
			}}, nil)
			bad := r.submit(&job.Softmax{X: fill(2, 8, 1)})
			good := r.submit(product(fill(4, 4, 1), 1, 1))
			wait(bad...)
			wait(good...)
			_, err := bad[0].Result()
			require.ErrorContains(t, err, "compile")
			require.ErrorIs(t, err, job.ErrFailed)
			requireDone(t, good...)
			require.NoError(t, r.close(background))
		})
	}
}
