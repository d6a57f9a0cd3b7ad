package scheduler_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// batches is a recorder that hands on each decision. They come after the
// callers were told.
type batches chan metrics.Decision

func (b batches) Record(d *metrics.Decision) { b <- *d }

// setting makes the scheduler choose one kernel family for the jobs of a case.
type setting struct {
	family  kernels.Family
	kernel  string // if set, the row that must be chosen
	prefs   func(*policy.Prefs)
	n, wide int // columns of the job and the most of a companion
	m       int
}

var settings = []setting{
	{family: kernels.FamilyGEMV, prefs: func(p *policy.Prefs) { p.MatmulBackend = policy.MatmulGEMV }, n: 2, wide: 9, m: 37},
	{family: kernels.FamilySmallN, prefs: func(*policy.Prefs) {}, n: 1, wide: 8, m: 37},
	{family: kernels.FamilySmallN, prefs: func(p *policy.Prefs) { p.ForceSmallN = true }, n: 13, wide: 16, m: 37},
	{family: kernels.FamilySIMD, prefs: func(*policy.Prefs) {}, n: 17, wide: 40, m: 70},
	{family: kernels.FamilyMLX, prefs: func(p *policy.Prefs) { p.MatmulBackend = policy.MatmulMLX }, n: 3, wide: 40, m: 37},
	{family: kernels.FamilyVec, prefs: func(*policy.Prefs) {}, n: 45, wide: 64, m: 3},
	{family: kernels.FamilyBlock, kernel: "softmax_block", prefs: func(p *policy.Prefs) { p.SoftmaxVecMaxCols = 0 }, n: 45, wide: 64, m: 3},
	{family: kernels.FamilyBlock, kernel: "softmax_block_online", prefs: func(p *policy.Prefs) { p.SoftmaxVecMaxCols, p.Experimental = 0, true }, n: 45, wide: 64, m: 3},
	{family: kernels.FamilyLegacy, prefs: func(*policy.Prefs) {}, n: 45, wide: 64, m: 3},
}

// TestBatchInvariance holds a job computed alone, bit for bit, against the
// same job among 1 to 256 random companions, for every kernel of ours.
func TestBatchInvariance(t *testing.T) {
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
				set.check(t, s, last, dt)
			}
		})
	}
}

// check compares a job alone with the same job in batches of growing size.
func (set setting) check(t *testing.T, s *scheduler.Scheduler, last batches, dt tensor.DType) {
	m := newMaker(uint64(dt))
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
	for _, companions := range []int{1, 2, 3, 7, 16, 63, 256} {
		restore(c, before)
		jobs := make([]job.Job, companions+1)
		for i := range jobs {
			jobs[i], _ = set.job(m, w, dt, set.least()+m.IntN(set.wide+1-set.least()))
		}
		jobs[m.IntN(len(jobs))] = target
		require.NoError(t, s.DoAll(background, jobs))
		require.Equal(t, companions+1, (<-last).Jobs, "all in one batch")
		for i, x := range values(c) {
			require.Equal(t, math.Float32bits(alone[i]), math.Float32bits(x),
				"%v element %d is %v with %d companions, %v alone", dt, i, x, companions, alone[i])
		}
	}
}

// least is the fewest columns with which a job is of the same family.
func (set setting) least() int {
	switch set.family {
	case kernels.FamilySIMD:
		return 16
	case kernels.FamilyVec, kernels.FamilyBlock, kernels.FamilyLegacy:
		return 33 // to 64: one width bucket
	case kernels.FamilyGEMV, kernels.FamilySmallN, kernels.FamilyMLX, kernels.FamilyMPS, kernels.FamilyChain:
	}
	return 1
}

func (set setting) job(m maker, w *scheduler.Operand, dt tensor.DType, n int) (job.Job, tensor.View) {
	if set.family.Op() == kernels.OpSoftmax {
		j := &job.Softmax{X: m.matrix(dt, 1, set.m, n), Causal: true, QueryOffset: 20}
		j.Y = m.matrix(dt, 1, set.m, n)
		return j, j.Y
	}
	v := w.View()
	j := &job.Matmul{
		A: v, B: m.matrix(dt, 1, v.Cols(), n), C: m.matrix(dt, 1, v.Rows(), n),
		Scale: job.AlphaBeta(float32(m.NormFloat64()), float32(m.IntN(2))),
	}
	if m.IntN(2) == 0 {
		j.Bias = m.matrix(dt, 1, 1, n)
	}
	return j, j.C
}

func restore(v tensor.View, xs []float32) {
	i := 0
	each(v, func(b, r, c int) {
		v.SetValue(b, r, c, xs[i])
		i++
	})
}
