package tune

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// planted is a device whose kernels have crossovers that are known: small-N is
// fast up to 12 columns, SIMD from 24 rows and 20 columns on, block beyond 600
// columns. Results from 100,000 bytes on should be written in place. It has room
// for three batches, and time is virtual.
func planted() *sim.Device {
	return sim.Open(sim.Config{QueueDepth: 3, Time: func(b *device.Batch) (sum time.Duration) {
		for _, s := range b.Stages {
			for i := range s.Dispatches {
				sum += plantedTime(&s.Dispatches[i]) + plantedCopy(&s.Dispatches[i])
			}
		}
		return sum
	}})
}

// plantedCopy is what a result costs that is large and staged, or small and not.
func plantedCopy(d *device.Dispatch) time.Duration {
	var c device.Region
	if d.Softmax != nil {
		c = d.Softmax.Y
	} else {
		c = d.Matmul.C
	}
	if bytes := c.View.Len() * c.View.DType().Size(); c.Buffer != nil && bytes > 100_000 || c.Buffer == nil && bytes < 100_000 {
		return 200 * time.Microsecond
	}
	return 0
}

func plantedTime(d *device.Dispatch) time.Duration {
	fast := func(is bool) time.Duration {
		if is {
			return 150 * time.Microsecond
		}
		return 300 * time.Microsecond
	}
	name := d.Pipeline.Key().Kernel
	switch {
	case d.Softmax != nil && strings.HasPrefix(name, "softmax_vec"):
		return fast(d.Softmax.X.View.Cols() <= 600)
	case d.Softmax != nil:
		return fast(d.Softmax.X.View.Cols() > 600)
	}
	m, n := d.Matmul.Shape.M, d.Matmul.Shape.N
	switch {
	case m == crowdSide && n < 64 && !strings.Contains(name, "mlx"): // callers
		return 500*time.Microsecond + 10*time.Microsecond*time.Duration(n)
	case strings.Contains(name, "smalln"):
		return fast(n <= 12) - 50*time.Microsecond
	case strings.Contains(name, "simd"):
		return fast(m >= 24 && n >= 20)
	}
	return fast(false) - 60*time.Microsecond
}

// narrow makes the axes those of a test that has little time.
func narrow(t *testing.T) {
	columns, lengths, some, rows, most, sizes := columnsAxis, softmaxAxis, curveColumns, curveRows, mostOperands, resultAxis
	columnsAxis, softmaxAxis = []int{1, 4, 8, 10, 12, 14, 16, 20, 32, 64}, []int{64, 256, 512, 768, 1024, 2048}
	curveColumns, curveRows, mostOperands = []int{1, 16, 64}, []int{1, 64}, 16<<20
	resultAxis = []int{32 << 10, 64 << 10, 128 << 10, 256 << 10}
	held, depths, tall := heldOutRows, heldOutDepths, rowsAxis
	heldOutRows, heldOutDepths, rowsAxis = []int{6, 28, 40, 320}, []int{80}, []int{1, 8, 16, 24, 48, 64, 128}
	t.Cleanup(func() { heldOutRows, heldOutDepths, rowsAxis = held, depths, tall })
	t.Cleanup(func() {
		columnsAxis, softmaxAxis, curveColumns, curveRows, mostOperands, resultAxis = columns, lengths, some, rows, most, sizes
	})
}

// bubble runs f on a virtual clock; see package scheduler's tests.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for range 2 {
		runtime.GC()
	}
	synctest.Test(t, f)
	for range 2 {
		runtime.GC()
	}
}

func TestFindsWhatWasPlanted(t *testing.T) {
	narrow(t)
	bubble(t, func(t *testing.T) {
		d := planted()
		var told []string
		p, err := Run(context.Background(), Config{
			Device: d, For: time.Second, Verify: !raceDetector, Seed: 1, Now: time.Now(), Tell: func(s string) { told = append(told, s) },
		})
		require.NoError(t, err)
		require.Equal(t, d.Info().Backend, p.Machine.Backend)
		values := map[string]string{}
		for _, v := range p.Settings.Variables() {
			values[v.Name] = v.Value
		}
		require.Equal(t, "24", values[profile.VarSIMDMMin])
		require.Equal(t, "20", values[profile.VarSIMDNMin])
		require.Equal(t, "12", values[profile.VarSmallNMaxN])
		require.Equal(t, "512", values[profile.VarSoftmaxVecMaxCols])
		require.Equal(t, "131072", values[profile.VarInPlaceBytes])
		require.NotEmpty(t, told)
		if !raceDetector {
			require.Len(t, p.Verdicts, 6)
			require.Equal(t, allTogether, p.Verdicts[5].Variable)
		}
		for _, v := range p.Verdicts {
			require.True(t, v.Kept, "%s: %s", v.Variable, v.Why)
			require.True(t, slices.ContainsFunc(v.Suites, func(s profile.SuiteGain) bool { return better(s.Gain) }))
			require.True(t, better(v.Suites[0].Gain) || v.Variable == profile.VarInPlaceBytes, "held out")
		}

		// What was learned foretells times of the device: t(N).
		m := policy.NewCostModel(policy.Prior{Bandwidth: p.Machine.Bandwidth, Flops: p.Machine.Flops, Launch: p.Machine.Launch})
		require.NoError(t, m.Restore(p.Costs))
		w := policy.Work{Family: kernels.FamilySmallN, A: tensor.F16, B: tensor.F16, C: tensor.F16, Shape: kernels.Shape{Batch: 1, M: 256, N: 1, K: 256}}
		require.InDelta(t, 100*time.Microsecond, m.Predict(w), float64(time.Microsecond))

		var page bytes.Buffer
		require.NoError(t, HTML(&page, p))
		require.Contains(t, page.String(), "<svg")
		require.Contains(t, page.String(), "export "+profile.VarSmallNMaxN+"=12")
		require.NotContains(t, page.String(), "<script")
		require.NotContains(t, page.String(), "http-equiv")
		require.NoError(t, d.Close())
	})
}

func TestJudge(t *testing.T) {
	gain := func(low, median, high float64) profile.Gain {
		return profile.Gain{Low: low, Median: median, High: high, Rounds: 9}
	}
	for _, c := range []struct {
		suites []profile.SuiteGain
		keep   bool
		why    string
	}{
		{nil, false, "no problem is done in another way"},
		{[]profile.SuiteGain{{Suite: "a", Shapes: 9}}, false, "no problem is done in another way"},
		{[]profile.SuiteGain{{Suite: "a", Changed: 1, Gain: gain(0.9, 1, 1.1)}}, false, "no better: a"},
		{[]profile.SuiteGain{{Suite: "a", Changed: 1, Gain: gain(1.1, 1.2, 1.3)}, {Suite: "b", Changed: 2, Gain: gain(0.9, 1, 1.1)}}, true, "faster: a"},
		{[]profile.SuiteGain{{Suite: "a", Changed: 1, Gain: gain(1.1, 1.2, 1.3)}, {Suite: "b", Changed: 2, Gain: gain(0.7, 0.8, 0.9)}}, false, "slower: b"},
		{[]profile.SuiteGain{{Suite: "a", Changed: 1, Gain: gain(1.1, 1.2, 1.3)}, {Suite: "b", Changed: 2, Gain: gain(0.9, 0.97, 1.1)}}, false, "perhaps slower: b"},
	} {
		keep, why := judge(c.suites)
		require.Equal(t, c.keep, keep)
		require.Contains(t, why, c.why)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	narrow(t)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	d := sim.Open(sim.Config{})
	_, err := Run(ctx, Config{Device: d, For: time.Second})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, d.Close(), "everything was given back")
	_, err = Run(context.Background(), Config{Device: d})
	require.ErrorContains(t, err, "For is 0s")
}
