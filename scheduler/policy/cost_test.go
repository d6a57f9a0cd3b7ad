package policy

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const us = time.Microsecond

// Round numbers: 10 bytes and 100 operations a nanosecond.
var testPrior = Prior{Bandwidth: 10e9, Flops: 100e9, Launch: 10 * us}

func matmulWork(f kernels.Family, m, k, n int) Work {
	return Work{Family: f, A: tensor.F32, B: tensor.F32, C: tensor.F32, Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k}}
}

func softmaxWork(rows, cols int) Work {
	return Work{Family: kernels.FamilyVec, A: tensor.F16, B: tensor.F16, C: tensor.F16, Shape: kernels.Shape{Batch: 1, M: rows, N: cols}}
}

func TestPriorPrediction(t *testing.T) {
	half := matmulWork(kernels.FamilySmallN, 1000, 1000, 1)
	half.A = tensor.BF16
	batched := matmulWork(kernels.FamilySmallN, 1000, 1000, 1)
	batched.Shape.Batch = 3
	for name, c := range map[string]struct {
		work Work
		want time.Duration
	}{
		"reading A bounds one column":         {matmulWork(kernels.FamilySmallN, 1000, 1000, 1), 10*us + 400*us + 800*time.Nanosecond},
		"more columns read A once":            {matmulWork(kernels.FamilySmallN, 1000, 1000, 16), 10*us + 400*us + 12800*time.Nanosecond},
		"beyond 16 twice":                     {matmulWork(kernels.FamilySmallN, 1000, 1000, 17), 10*us + 800*us + 13600*time.Nanosecond},
		"gemv reads A for each column":        {matmulWork(kernels.FamilyGEMV, 1000, 1000, 2), 10*us + 800*us + 1600*time.Nanosecond},
		"arithmetic bounds many columns":      {matmulWork(kernels.FamilySIMD, 1000, 1000, 100), 10*us + 2000*us},
		"half the bytes":                      {half, 10*us + 200*us + 800*time.Nanosecond},
		"a batch of matrices":                 {batched, 10*us + 3*(400*us+800*time.Nanosecond)},
		"softmax reads and writes its rows":   {softmaxWork(1000, 1000), 10*us + 400*us},
		"an empty product costs its launch":   {matmulWork(kernels.FamilySmallN, 0, 0, 0), 10 * us},
		"the largest product does not wrap":   {matmulWork(kernels.FamilyMLX, math.MaxInt, math.MaxInt, math.MaxInt), maxPrediction},
		"softmax of no rows costs its launch": {softmaxWork(0, 1000), 10 * us},
	} {
		t.Run(name, func(t *testing.T) {
			require.InDelta(t, float64(c.want), float64(NewCostModel(testPrior).Predict(c.work)), 2)
		})
	}
}

func TestUnknownDevicesHaveAPrior(t *testing.T) {
	got := NewCostModel(Prior{}).Predict(matmulWork(kernels.FamilyMLX, 1000, 1000, 1))
	require.InDelta(t, float64(405*us+800*time.Nanosecond), float64(got), 2)
}

func TestObserveCorrects(t *testing.T) {
	w := matmulWork(kernels.FamilySmallN, 512, 2048, 4)
	m := NewCostModel(testPrior)
	before := m.Predict(w)
	m.Observe(w, 3*before)
	requireNear(t, 3*before, m.Predict(w), 0.001)

	t.Run("neighbours borrow", func(t *testing.T) {
		fresh := NewCostModel(testPrior)
		for _, other := range []Work{w.Widen(1), w.Widen(64), matmulWork(kernels.FamilySmallN, 64, 64, 4)} {
			requireNear(t, 3*fresh.Predict(other), m.Predict(other), 0.001)
		}
	})
	t.Run("other families and types do not", func(t *testing.T) {
		other := w
		other.A = tensor.BF16
		requireNear(t, NewCostModel(testPrior).Predict(other), m.Predict(other), 0.001)
		other = w
		other.Family = kernels.FamilySIMD
		requireNear(t, NewCostModel(testPrior).Predict(other), m.Predict(other), 0.001)
	})
	t.Run("no time teaches nothing", func(t *testing.T) {
		was := m.Predict(w)
		m.Observe(w, 0)
		m.Observe(w, -time.Second)
		require.Equal(t, was, m.Predict(w))
	})
}

func TestOneOutlierMovesLittle(t *testing.T) {
	w := matmulWork(kernels.FamilyMLX, 512, 512, 64)
	m := NewCostModel(testPrior)
	true1 := 5 * m.Predict(w)
	for range 20 {
		m.Observe(w, true1)
	}
	m.Observe(w, time.Hour)
	require.Less(t, m.Predict(w), 3*true1/2)
	for range 60 {
		m.Observe(w, true1)
	}
	requireNear(t, true1, m.Predict(w), 0.02)
}

func TestNearestSizeIsBorrowedFrom(t *testing.T) {
	small, large := matmulWork(kernels.FamilyMLX, 64, 64, 8), matmulWork(kernels.FamilyMLX, 4096, 4096, 8)
	fresh, m := NewCostModel(testPrior), NewCostModel(testPrior)
	m.Observe(small, 2*fresh.Predict(small))
	m.Observe(large, 5*fresh.Predict(large))
	for size, ratio := range map[int]time.Duration{16: 2, 64: 2, 128: 2, 2048: 5, 8192: 5} {
		w := matmulWork(kernels.FamilyMLX, size, size, 8)
		requireNear(t, ratio*fresh.Predict(w), m.Predict(w), 0.001)
	}
}

func requireNear(t require.TestingT, want, got time.Duration, relative float64) {
	require.InEpsilon(t, float64(want), float64(got), relative)
}

func drawWork(t *rapid.T) Work {
	f := rapid.SampledFrom(kernels.Families).Draw(t, "family")
	dt := rapid.SampledFrom(tensor.DTypes).Draw(t, "type")
	w := Work{Family: f, A: dt, B: dt, C: dt, Shape: kernels.Shape{
		Batch: 1,
		M:     rapid.IntRange(1, 5000).Draw(t, "m"),
		N:     rapid.IntRange(1, 3000).Draw(t, "n"),
	}}
	if f.Op() == kernels.OpMatmul {
		w.Shape.K = rapid.IntRange(1, 5000).Draw(t, "k")
	}
	return w
}

// TestModelConvergesToTheDevice feeds the times of a device whose bandwidth,
// peak and launch cost are not the prior's, in any order, and wants them back.
func TestModelConvergesToTheDevice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Float64Range(0.1, 10)
		device := NewCostModel(Prior{
			Bandwidth: testPrior.Bandwidth * factor.Draw(t, "bandwidth"),
			Flops:     testPrior.Flops * factor.Draw(t, "flops"),
			Launch:    time.Duration(float64(testPrior.Launch) * factor.Draw(t, "launch")),
		})
		w := drawWork(t)
		extents := rapid.SliceOfNDistinct(rapid.SampledFrom([]int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}), 1, 11, rapid.ID[int]).Draw(t, "extents")
		m := NewCostModel(testPrior)
		for range 10 {
			for _, n := range extents {
				m.Observe(w.Widen(n), device.Predict(w.Widen(n)))
			}
		}
		for _, n := range extents {
			requireNear(t, device.Predict(w.Widen(n)), m.Predict(w.Widen(n)), 0.01)
		}
	})
}

func TestPredictionNeverFallsWithColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, w := NewCostModel(testPrior), drawWork(t)
		for range rapid.IntRange(0, 12).Draw(t, "observations") {
			n := rapid.IntRange(1, 3000).Draw(t, "n")
			ns := rapid.Int64Range(1, int64(time.Second)).Draw(t, "ns")
			m.Observe(w.Widen(n), time.Duration(ns))
		}
		last := time.Duration(0)
		for n := 0; n < 2100; n += 1 + n/7 {
			got := m.Predict(w.Widen(n))
			require.GreaterOrEqual(t, got, last, "at %d", n)
			last = got
		}
	})
}

func TestColumnsFitTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, w := NewCostModel(testPrior), drawWork(t)
		m.Observe(w, time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "ns")))
		budget := time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "budget"))
		n := m.Columns(budget, w)
		require.GreaterOrEqual(t, n, 1)
		require.LessOrEqual(t, n, maxExtent)
		if n > 1 {
			require.LessOrEqual(t, m.Predict(w.Widen(n)), budget)
		}
		if n < maxExtent {
			require.Greater(t, m.Predict(w.Widen(n+1)), budget)
		}
	})
}

func TestCorrectionsSurviveSaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewCostModel(testPrior)
		for _, w := range rapid.SliceOfN(rapid.Custom(drawWork), 0, 20).Draw(t, "works") {
			m.Observe(w, 3*m.Predict(w))
		}
		saved, err := json.Marshal(m.Corrections())
		require.NoError(t, err)
		var learned []Correction
		require.NoError(t, json.Unmarshal(saved, &learned))
		again := NewCostModel(testPrior)
		require.NoError(t, again.Restore(learned))
		m.surprise = 0 // what surprised of late is not worth saving
		require.Equal(t, m, again)
	})
}

func TestRestoreRefusesNonsense(t *testing.T) {
	good := Correction{Family: "mlx", Type: "f32", Size: 3, Columns: 2, Ratio: 2, Count: 5}
	for want, spoil := range map[string]func(*Correction){
		`family "mlz" is not known`: func(c *Correction) { c.Family = "mlz" },
		`dtype "f64" is not known`:  func(c *Correction) { c.Type = "f64" },
		"size is 24":                func(c *Correction) { c.Size = sizeClasses },
		"size is -1":                func(c *Correction) { c.Size = -1 },
		"columns is 14":             func(c *Correction) { c.Columns = extentClasses },
		"columns is -1":             func(c *Correction) { c.Columns = -1 },
		"ratio is NaN":              func(c *Correction) { c.Ratio = float32(math.NaN()) },
		"ratio is 0":                func(c *Correction) { c.Ratio = 0 },
		"ratio is +Inf":             func(c *Correction) { c.Ratio = float32(math.Inf(1)) },
		"count is 0":                func(c *Correction) { c.Count = 0 },
	} {
		t.Run(want, func(t *testing.T) {
			bad := good
			spoil(&bad)
			m := NewCostModel(testPrior)
			require.ErrorContains(t, m.Restore([]Correction{good, bad}), want)
			require.Empty(t, m.Corrections(), "a failed Restore changes nothing")
		})
	}
}

func TestCostModelDoesNotAllocate(t *testing.T) {
	m, w := NewCostModel(testPrior), matmulWork(kernels.FamilySmallN, 512, 2048, 4)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		m.Observe(w, time.Millisecond)
		m.Predict(w)
		m.Columns(time.Second, w)
	}))
}

func BenchmarkPredict(b *testing.B) {
	m, w := NewCostModel(testPrior), matmulWork(kernels.FamilySmallN, 512, 2048, 64)
	for n := 1; n < 2000; n *= 2 {
		m.Observe(w.Widen(n), time.Millisecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Predict(w)
	}
}

func BenchmarkColumns(b *testing.B) {
	m, w := NewCostModel(testPrior), matmulWork(kernels.FamilySmallN, 512, 2048, 64)
	b.ReportAllocs()
	for b.Loop() {
		m.Columns(time.Millisecond, w)
	}
}

func TestForesee(t *testing.T) {
	m := NewCostModel(testPrior)
	w := Work{Family: kernels.FamilyMLX, A: tensor.F32, B: tensor.F32, C: tensor.F32, Shape: kernels.Shape{Batch: 1, M: 64, N: 1, K: 64}}
	f := m.Foresee(w)
	require.Equal(t, Foresight{Predicted: m.Predict(w)}, f, "a guess")
	m.Observe(w, time.Millisecond)
	f = m.Foresee(w)
	require.InDelta(t, time.Millisecond, f.Predicted, 1000)
	require.True(t, f.Measured)
	require.Zero(t, f.Surprise, "nothing was foretold by a measurement")
	require.False(t, m.Foresee(w.Widen(100)).Measured)
	m.Observe(w, 5*time.Millisecond)
	require.InDelta(t, 5, m.Foresee(w).Surprise, 0.01)
	for range 1000 {
		m.Observe(w, m.Predict(w))
	}
	require.InDelta(t, 1, m.Foresee(w).Surprise, 0.01, "forgotten")
}
