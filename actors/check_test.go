package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// checksSeen is an observer that keeps how comparisons came out.
type checksSeen struct{ checks []CheckResult }

func (s *checksSeen) BatchEnded(o *Outcome) { s.checks = append(s.checks, o.Check()) }

func TestNobodyPaysForACheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &checksSeen{}
		r := newRig(t, sim.Config{Launch: time.Second}, func(c *Config) { c.Sample, c.Observer = policy.NewSampler(1, 0), o })
		w, begin := fill(4, 4, 1), time.Now()
		ts := r.submit(product(w, 1, 1), product(w, 1, 2), product(w, 1, 3))
		wait(ts...)
		requireDone(t, ts...)
		require.Equal(t, 4*time.Second, time.Since(begin), "a batch and three checks")
		require.NoError(t, r.close(background))
		require.Equal(t, time.Second, r.Ledger.Account("").Used())
		require.Equal(t, []CheckResult{0, Matched, Matched, Matched}, o.checks)
	})
}

// A job whose second run hangs fails, though its result is known: the device may
// read its memory still.
func TestCheckThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := &checksSeen{}
		r := newRig(t, sim.Config{Inner: computing(t), Fault: hanging(2)}, func(c *Config) {
			guarded(c)
			c.Sample, c.Observer = policy.NewSampler(1, 0), o
		})
		js := []*job.Matmul{product(fill(4, 4, 1), 1, 1), product(fill(4, 4, 1), 1, 2)}
		js[1].A = js[0].A
		ts := r.submit(js[0], js[1])
		wait(ts...)
		hung, done := 0, 1 // or the reverse
		if errorOf(ts[hung]) == nil {
			hung, done = done, hung
		}
		require.ErrorIs(t, errorOf(ts[hung]), job.ErrHung)
		requireDone(t, ts[done])
		requireProduct(t, js[done], tensor.View{})
		r.sim.Release()
		synctest.Wait()
		require.NoError(t, r.close(background))
		require.Equal(t, []CheckResult{0, Unchecked, Matched}, o.checks)
	})
}

// One whose second run fails, or will not be, as the device is given up, has the
// result of the first.
func TestCheckOfADeviceThatIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Inner: computing(t), Fault: failing(sim.Lost(), 2)}, func(c *Config) {
			c.Sample = policy.NewSampler(1, 0)
		})
		w := fill(4, 4, 1)
		js := []*job.Matmul{product(w, 1, 1), product(w, 1, 2)}
		ts := r.submit(js[0], js[1])
		wait(ts...)
		require.Equal(t, Down, r.Health())
		requireDone(t, ts...)
		for _, j := range js {
			requireProduct(t, j, tensor.View{})
		}
		require.NoError(t, r.close(background))
	})
}

// TestWhatIsNotSampled: jobs alone, cut, or written in place.
func TestWhatIsNotSampled(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		n      []int // columns of the jobs
	}{
		"alone":    {func(*Config) {}, []int{3}},
		"no batch": {func(c *Config) { c.MaxJobs = 1 }, []int{1, 1, 1}},
		"cut":      {func(c *Config) { c.MaxColumns = 4 }, []int{8, 8}},
		"in place": {func(c *Config) { c.InPlaceBytes = 1 }, []int{1, 1, 1}},
		"off":      {func(c *Config) { c.Sample = policy.Sampler{} }, []int{1, 1, 1}},
	} {
		o := &checksSeen{}
		r := newRig(t, sim.Config{Inner: computing(t)}, func(cfg *Config) {
			cfg.Sample, cfg.Observer = policy.NewSampler(1, 0), o
			c.change(cfg)
		})
		w := fill(8, 8, 1)
		var jobs []job.Job
		for i, n := range c.n {
			jobs = append(jobs, product(w, n, i))
		}
		ts := r.submit(jobs...)
		wait(ts...)
		requireDone(t, ts...)
		require.NoError(t, r.close(background))
		for _, j := range jobs {
			requireProduct(t, j.(*job.Matmul), tensor.View{})
		}
		for _, result := range o.checks {
			require.Zero(t, result, name)
		}
	}
}

func TestCheckResultString(t *testing.T) {
	require.Equal(t, []string{"", "unchecked", "match", "mismatch"},
		[]string{CheckResult(0).String(), Unchecked.String(), Matched.String(), Mismatched.String()})
}
