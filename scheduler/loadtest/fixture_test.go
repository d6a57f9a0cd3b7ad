package loadtest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestPoison: a poisoned job has its NaN in its own input, never in what jobs
// share, and its reference knows of it.
func TestPoison(t *testing.T) {
	for _, text := range []string{
		"matmul m=2 k=3 n=1", "matmul m=2 k=3 n=1 loaded=b transa", "matmul m=2 k=3 n=1 loaded=none", "softmax rows=2 cols=3",
		"attention rows=2 keys=3 dim=4 heads=2 kvheads=1 causal",
	} {
		m := mixOf(t, text)
		d := newSlowDoer(always(0))
		f, err := newFixture(t.Context(), d, &m.Kinds[0], reference.NewNumbers(1))
		require.NoError(t, err)
		for dice := range uint64(20) {
			plain, poisoned := f.task(Send{Dice: dice}, d.start), f.task(Send{Dice: dice, Poison: true}, d.start)
			require.True(t, holdsNaN(poisoned.job), text)
			require.False(t, holdsNaN(plain.job), text)
			require.True(t, math.IsNaN(poisoned.reference(0, 0, 0).Want), text)
			require.False(t, math.IsNaN(plain.reference(0, 0, 0).Want), text)
		}
		for _, v := range append(f.a.host, f.b.host...) {
			require.False(t, math.IsNaN(float64(v.Value(0, 0, 0))), text)
		}
	}
}

func holdsNaN(j job.Job) bool {
	switch j := j.(type) {
	case *job.Matmul:
		return math.IsNaN(float64(j.A.Value(0, 0, 0))) || math.IsNaN(float64(j.B.Value(0, 0, 0)))
	case *job.Attention:
		return math.IsNaN(float64(j.Q.Value(0, 0, 0)))
	case *job.Softmax:
		return math.IsNaN(float64(j.X.Value(0, 0, 0)))
	}
	return false
}

// TestResultsAreUsedAgain: jobs in flight never share a result.
func TestResultsAreUsedAgain(t *testing.T) {
	m := mixOf(t, tinyMix)
	f, err := newFixture(t.Context(), newSlowDoer(always(0)), &m.Kinds[0], reference.NewNumbers(1))
	require.NoError(t, err)
	a, b := f.result(), f.result()
	require.False(t, a.Overlaps(&b))
	f.giveBack(a)
	c := f.result()
	require.True(t, c.Overlaps(&a))
}
