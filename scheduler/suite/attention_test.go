package suite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// An attention is computed rightly as one job and as three, by each backend.
func TestAttentionIsOneJobOrThree(t *testing.T) {
	r := open(t, suite.Config{Scheduler: scheduler.Config{DeviceName: "cpu"}})
	var cases []suite.Case
	for _, dt := range tensor.DTypes {
		for n := range 8 {
			a := suite.Attention{Heads: 3, Rows: 1, Keys: 40, Dim: 16, Causal: n&1 != 0, Apart: n&2 != 0, DType: dt}
			if n&4 != 0 {
				a.Rows = 21
			}
			cases = append(cases, each(a, suite.Auto, suite.SIMD, suite.MLX, suite.MPS, suite.GEMV)...)
		}
	}
	measured := map[string]int{}
	for _, got := range results(t, r, cases, 1) {
		if got.Skip != "" {
			require.Equal(t, suite.MPS, got.Case.Backend, got.Skip)
			continue
		}
		require.Positive(t, got.Checked, got.Case.Name())
		require.Positive(t, got.Metrics()[0].Value)
		jobs, batches := 0, 0
		for _, b := range got.Batches {
			jobs, batches = jobs+int(b.Jobs), batches+int(b.Batches)
			require.Equal(t, got.Case.Work.(suite.Attention).Apart, b.Backend != "chain", got.Case.Name())
		}
		if got.Case.Work.(suite.Attention).Apart {
			require.Zero(t, jobs%3)
		} else if got.Case.Backend != suite.Auto {
			require.Contains(t, got.Choice.Orientation, "scores "+string(got.Case.Backend)+"/")
		}
		measured[string(got.Case.Backend)]++
	}
	for _, b := range []suite.Backend{suite.Auto, suite.SIMD, suite.MLX, suite.GEMV} {
		require.Equal(t, 24, measured[string(b)], b)
	}
}
