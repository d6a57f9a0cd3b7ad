package scheduler_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas/blastest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func vendorPrefs() *policy.Prefs {
	prefs := policy.DefaultPrefs()
	prefs.MatmulBackend = policy.MatmulMPS
	return &prefs
}

// TestVendorOnTheCPU sends random jobs through the platform's BLAS.
func TestVendorOnTheCPU(t *testing.T) {
	blastest.Library(t)
	randomJobs(t, scheduler.Config{Device: openCPU(t), Prefs: vendorPrefs()})
	randomJobs(t, scheduler.Config{Device: openCPU(t), Prefs: vendorPrefs(), MaxColumns: 3, InPlaceBytes: 1})
}

// TestVendorTakesWhatTheCatalogSays: what its row does not claim goes to a
// kernel of ours, and the decision says why.
func TestVendorTakesWhatTheCatalogSays(t *testing.T) {
	blastest.Library(t)
	cfg := scheduler.Config{Device: openCPU(t), Prefs: vendorPrefs()}
	file := record(&cfg)
	s := start(t, cfg)
	m := newMaker(7)
	for _, dt := range []tensor.DType{tensor.F32, tensor.F16, tensor.BF16} {
		host := m.matrix(dt, 1, 20, 30)
		w, err := s.Load(host)
		require.NoError(t, err)
		c := m.mirrored(&weight{w.View(), host})
		require.NoError(t, s.Do(background, c.job))
		require.NoError(t, c.computed())
	}
	decisions := file.decisions(t, s)
	require.Len(t, decisions, 3)
	for i, want := range []string{"mps", "mps", "smalln"} {
		require.Equal(t, want, decisions[i].Plan.Backend)
	}
	require.Contains(t, decisions[2].Rules[0].Reason, "does not take bf16")
}
