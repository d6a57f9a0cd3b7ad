package scheduler_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// openMetal opens the metal device on the simulated library. The test's end
// looks whether Metal's rules were kept.
func openMetal(t testing.TB) device.Device {
	if _, err := msl.FindCompiler(); err != nil {
		require.Empty(t, os.Getenv("REQUIRE_CLANG"), err)
		t.Skipf("NOT TESTED: the metal device: %v", err)
	}
	d, err := discover.Open("metal", discover.Config{Metal: discover.Simulated})
	require.NoError(t, err)
	simulator, err := metalsim.Load(background)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, d.Close())
		require.Empty(t, simulator.Violations())
	})
	return d
}

// Shaders are no matter of the race detector, but they are as slow under it.
var metalJobs = flag.Int("metal.jobs", max(2000, 10_000/slowdown), "jobs of TestStressOnMetal")

// TestStressOnMetal sends mixed jobs of all kinds and types from many
// goroutines through the Metal driver and the shaders; some are cancelled,
// some have a deadline that cannot be met. What is done is compared with
// float64.
func TestStressOnMetal(t *testing.T) {
	jobs := *metalJobs
	if testing.Short() {
		jobs /= 10
	}
	s := start(t, scheduler.Config{Device: openMetal(t), Prefs: experimental()})
	shared := loadShared(t, s)
	const callers = 50
	var ends [job.Outcomes + 1]atomic.Int64
	var all sync.WaitGroup
	for g := range callers {
		all.Go(func() {
			m := newMaker(uint64(g))
			for range jobs / callers {
				c := m.any(shared)
				err := m.hurry(s, c.job)
				ends[outcomeOf(err)].Add(1)
				if err != nil {
					require.True(t, errors.Is(err, job.ErrCancelled) || errors.Is(err, job.ErrExpired), "%v", err)
				} else {
					require.NoError(t, c.computed(), "%s", describe(c.job))
				}
			}
		})
	}
	all.Wait()
	audit := s.Audit()
	t.Logf("%d jobs: %+v", jobs, audit)
	require.Equal(t, ends[job.Done].Load(), audit.Done)
	require.Greater(t, audit.Done, int64(jobs/2))
	require.NotZero(t, audit.Cancelled)
}

// hurry runs a job, one in ten for a short time only.
func (m maker) hurry(s *scheduler.Scheduler, j job.Job) error {
	ctx, cancel := background, context.CancelFunc(func() {})
	switch m.IntN(20) {
	case 0:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(1000))*time.Microsecond)
	case 1:
		ctx, cancel = context.WithCancel(ctx)
		time.AfterFunc(time.Duration(rand.IntN(1000))*time.Microsecond, cancel)
	}
	defer cancel()
	return s.Do(ctx, j)
}
