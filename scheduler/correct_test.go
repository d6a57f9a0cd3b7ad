package scheduler_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

// start opens a scheduler that is closed, and audited, at the end of the test.
func start(t testing.TB, cfg scheduler.Config) *scheduler.Scheduler {
	t.Helper()
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close(background))
		audit := s.Audit()
		require.True(t, audit.Balances(), "%+v", audit)
		require.Zero(t, audit.InFlight)
		require.Zero(t, audit.Bytes)
	})
	return s
}

func openCPU(t testing.TB) *cpu.Device {
	d, err := cpu.Open(cpu.Config{Threads: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// TestRandomJobs sends random jobs from many goroutines through schedulers
// that batch, cut, and place results in different ways, and compares every
// element with a float64 reference.
func TestRandomJobs(t *testing.T) {
	for name, cfg := range map[string]scheduler.Config{
		"default":      {},
		"cut":          {MaxColumns: 3},
		"in place":     {InPlaceBytes: 1},
		"cut in place": {InPlaceBytes: 1, MaxColumns: 3},
		"alone":        {NoBatching: true},
		"linger":       {Linger: 100 * time.Microsecond},
		"experimental": {Prefs: experimental()},
		"shards":       {Shards: 3},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Device = openCPU(t)
			randomJobs(t, cfg)
		})
	}
	// A device that cannot read the caller's memory.
	t.Run("discrete", func(t *testing.T) {
		d := sim.Open(sim.Config{Inner: openInner(t), Discrete: true, QueueDepth: 2})
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		randomJobs(t, scheduler.Config{Device: d})
	})
}

func openInner(t testing.TB) *cpu.Device {
	d, err := cpu.Open(cpu.Config{Threads: 2})
	require.NoError(t, err)
	return d
}

func randomJobs(t *testing.T, cfg scheduler.Config) {
	s := start(t, cfg)
	shared := loadShared(t, s)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			m := newMaker(uint64(g))
			for i := range 40 {
				c := m.any(shared)
				if err := s.Do(background, c.job); err != nil {
					t.Errorf("goroutine %d job %d: %v", g, i, err)
				} else if err := c.computed(); err != nil {
					t.Errorf("goroutine %d job %d %+v: %v", g, i, describe(c.job), err)
				}
			}
		})
	}
	all.Wait()
}

func loadShared(t testing.TB, s *scheduler.Scheduler) []*weight {
	var shared []*weight
	m := newMaker(99)
	for _, dt := range tensor.DTypes {
		host := m.matrix(dt, 1, 33, 47)
		w, err := s.Load(host)
		require.NoError(t, err)
		shared = append(shared, &weight{w.View(), host}, &weight{w.T(), host.T()})
	}
	return shared
}

// any returns a random job of any kind.
func (m maker) any(shared []*weight) *check {
	switch m.IntN(5) {
	case 0:
		return m.softmax(1+m.IntN(9), 1+m.IntN(50))
	case 4:
		return m.attention(2 + m.IntN(30))
	case 1:
		return m.matmul(nil, 1+m.IntN(20))
	case 2:
		return m.mirrored(shared[m.IntN(len(shared))])
	default:
		return m.matmul(shared[m.IntN(len(shared))], 1+m.IntN(2)*m.IntN(20))
	}
}

// mirrored returns x * W, as decoding writes it, with W loaded.
func (m maker) mirrored(w *weight) *check {
	dt := w.loaded.DType()
	x := m.matrix(dt, 1, 1+m.IntN(3), w.loaded.Rows())
	j := &job.Matmul{A: x, B: w.loaded, C: m.matrix(dt, 1, x.Rows(), w.loaded.Cols())}
	if m.IntN(2) == 0 {
		j.Bias = m.matrix(j.C.DType(), 1, 1, w.loaded.Cols())
	}
	return matmulCheck(j, x, w.host)
}

func describe(j job.Job) string {
	var f job.Form
	_ = j.Arrange(&f, func(a, b bool) (bool, string) { return b && !a, "" })
	return fmt.Sprintf("%+v alpha=%v beta=%v", f.Problem, f.Alpha, f.Beta)
}

func TestDoAll(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	shared := loadShared(t, s)
	m := newMaker(1)
	for _, n := range []int{0, 1, 2, 64, 300} {
		var checks []*check
		var jobs []job.Job
		for range n {
			c := m.any(shared)
			checks, jobs = append(checks, c), append(jobs, c.job)
		}
		require.NoError(t, s.DoAll(background, jobs))
		for _, c := range checks {
			require.NoError(t, c.computed())
		}
	}
}

func TestSubmitAll(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	shared := loadShared(t, s)
	m := newMaker(2)
	var checks []*check
	var jobs []job.Job
	for range 50 {
		c := m.any(shared)
		checks, jobs = append(checks, c), append(jobs, c.job)
	}
	handles, err := s.SubmitAll(background, jobs)
	require.NoError(t, err)
	for i, h := range handles {
		require.NoError(t, h.Wait(background))
		require.NoError(t, checks[i].computed())
	}
}

func experimental() *policy.Prefs {
	p := policy.DefaultPrefs()
	p.Experimental, p.SoftmaxVecMaxCols = true, 8
	return &p
}
