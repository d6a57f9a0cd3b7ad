package selftest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestMeasure(t *testing.T) {
	var m Measure
	m.see(0, 0, 1, 1, 0.5, tolerance{})
	require.Equal(t, Measure{}, m, "no error needs no tolerance")
	m.see(1, 2, 3, 2.5, 0.25, tolerance{allowed: 2})
	require.Equal(t, Measure{Units: 2, OfBound: 0.25, At: [2]int{1, 2}}, m)
	m.see(2, 2, 3, 2.5, 0.125, tolerance{unavoidable: 0.5, allowed: 1})
	require.Equal(t, Measure{Units: 4, OfBound: 0.25, At: [2]int{1, 2}}, m, "what cannot be avoided does not count")
	require.Equal(t, Passed, m.verdict())
	m.see(3, 4, 5, 1, 4, tolerance{unavoidable: 1, allowed: 2})
	require.Equal(t, Measure{Units: 4, OfBound: 1.5, At: [2]int{3, 4}, Got: "5", Want: "1"}, m)
	require.Equal(t, Failed, m.verdict())
}

func TestMeasureOfWhatIsNoNumber(t *testing.T) {
	for _, got := range []float64{math.NaN(), math.Inf(1)} {
		var m Measure
		m.see(0, 0, float32(got), 1, 1, tolerance{1, 1})
		require.Equal(t, off, m.OfBound)
		require.Equal(t, Failed, m.verdict())
	}
	var m Measure
	m.see(0, 0, 0x1p-149, 0, 0, tolerance{})
	require.Equal(t, Failed, m.verdict(), "a masked element that is not 0")
}

func TestMerge(t *testing.T) {
	m := Measure{Units: 3, OfBound: 0.5, At: [2]int{1, 1}}
	m.merge(Measure{Units: 1, OfBound: 2, At: [2]int{2, 2}, Got: "a", Want: "b"})
	require.Equal(t, Measure{Units: 3, OfBound: 2, At: [2]int{2, 2}, Got: "a", Want: "b"}, m)
	m.merge(Measure{Units: 7, OfBound: 1})
	require.Equal(t, Measure{Units: 7, OfBound: 2, At: [2]int{2, 2}, Got: "a", Want: "b"}, m)
}

// The bounds are wide enough for sums in any order and narrow enough for a
// term that is missing.
func TestProductTolerance(t *testing.T) {
	const k = 4864
	magnitude := float64(k)                            // terms of about 1
	sum := 4 * math.Sqrt(k)                            // of random signs
	inOrder := 0.5 * math.Sqrt(k) * single * magnitude // what adding k terms of one sign may cost
	for _, dt := range tensor.DTypes {
		p := productTolerance(dt, k, sum, magnitude)
		require.Greater(t, p.allowed, inOrder)
		require.Less(t, p.allowed, 0.1)
		require.Equal(t, rounding(dt)*sum+tiny(dt), p.unavoidable)
		require.Less(t, p.allowed+p.unavoidable, map[tensor.DType]float64{tensor.F32: 0.1, tensor.F16: 0.3, tensor.BF16: 1.2}[dt])
	}
}

func TestSoftmaxTolerance(t *testing.T) {
	p := softmaxTolerance(tensor.F32, 1, 0.5, 0)
	require.Equal(t, tolerance{0.5*single + 0x1p-126, 20 * 0.5 * single}, p)
	far := softmaxTolerance(tensor.F32, 1, 0.5, 1000)
	require.Equal(t, (20+8*104)*0.5*single, far.allowed)
	require.Equal(t, 0.5*0x1p-8, softmaxTolerance(tensor.BF16, 1, 0.5, 0).unavoidable)
}
