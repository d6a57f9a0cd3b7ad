package scheduler_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// TestNaNStaysAtHome has a job computed among others whose data are NaN and
// infinities wherever they may be: its bits are those that it gets alone. For
// every kernel of ours and every type.
func TestNaNStaysAtHome(t *testing.T) {
	for _, set := range settings {
		name := set.family.String()
		if set.kernel != "" {
			name = set.kernel
		}
		t.Run(name, func(t *testing.T) {
			prefs := policy.DefaultPrefs()
			set.prefs(&prefs)
			last := make(batches, 16)
			cfg := scheduler.Config{Device: openCPU(t), Prefs: &prefs, Recorder: last, MaxColumns: 1 << 20, MaxBatchTime: 1 << 50}
			if set.family == kernels.FamilyLegacy {
				cfg.Catalog = kernels.Catalog{*kernels.Default.Find("softmax_legacy")}
			}
			s := start(t, cfg)
			for _, dt := range tensor.DTypes {
				set.amongNaN(t, s, last, dt)
			}
		})
	}
}

func (set setting) amongNaN(t *testing.T, s *scheduler.Scheduler, last batches, dt tensor.DType) {
	m := newMaker(uint64(dt) + 100)
	w, err := s.Load(m.matrix(dt, 1, set.m, 150))
	require.NoError(t, err)
	target, c := set.job(m, w, dt, set.n)
	before := values(c)
	require.NoError(t, s.Do(background, target))
	plan := (<-last).Plan
	require.Equal(t, set.family.String(), plan.Backend)
	if set.kernel != "" {
		require.Equal(t, set.kernel, plan.Kernel)
	}
	alone := values(c)
	for _, companions := range []int{1, 2, 15, 40} {
		restore(c, before)
		jobs := make([]job.Job, companions+1)
		for i := range jobs {
			jobs[i], _ = set.job(m, w, dt, set.least()+m.IntN(set.wide+1-set.least()))
			m.contaminate(jobs[i])
		}
		jobs[m.IntN(len(jobs))] = target
		require.NoError(t, s.DoAll(background, jobs))
		require.Equal(t, companions+1, (<-last).Jobs, "all in one batch")
		for i, x := range values(c) {
			require.Equal(t, math.Float32bits(alone[i]), math.Float32bits(x),
				"%v element %d is %v among %d jobs of NaN, %v alone", dt, i, x, companions, alone[i])
		}
	}
}

// contaminate fills a job's data with NaN and infinities.
func (m maker) contaminate(j job.Job) {
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	var vs []tensor.View
	switch j := j.(type) {
	case *job.Matmul:
		vs = []tensor.View{j.B, j.C, j.Bias}
		if m.IntN(3) == 0 {
			j.Scale = job.AlphaBeta(bad[m.IntN(3)], bad[m.IntN(3)])
		}
	case *job.Softmax:
		vs = []tensor.View{j.X, j.Y}
	}
	for _, v := range vs {
		each(v, func(b, r, c int) { v.SetValue(b, r, c, bad[m.IntN(3)]) })
	}
}
