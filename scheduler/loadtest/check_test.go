package loadtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
)

// TestCheck: for every operation, results that are right pass, and those that are
// off by a part of a thousand do not.
func TestCheck(t *testing.T) {
	for _, text := range []string{
		"matmul m=5 k=30 n=4 transb bias", "softmax rows=4 cols=33 causal offset=2",
		"attention rows=5 keys=40 heads=6 kvheads=2 dim=16 values=3 causal offset=20",
		"attention rows=2 keys=7 heads=2 dim=9 causal offset=-1",
	} {
		m := mixOf(t, text)
		d := newSlowDoer(always(0))
		f, err := newFixture(t.Context(), d, &m.Kinds[0], reference.NewNumbers(1))
		require.NoError(t, err)
		wrong := 0
		for dice := range uint64(50) {
			task := f.task(Send{Dice: dice << 30}, d.start)
			fill := func(factor float64) {
				size := task.result.Dims()
				for b := range size[0] {
					for i := range size[1] {
						for j := range size[2] {
							task.result.SetValue(b, i, j, float32(factor*task.reference(b, i, j).Want))
						}
					}
				}
			}
			fill(1)
			n, err := task.check()
			require.NoError(t, err, text)
			require.EqualValues(t, checkValues, n)
			fill(1.001)
			if _, err := task.check(); err != nil {
				wrong++
			}
		}
		require.Greater(t, wrong, 10, text) // where all that was looked at is masked, or small, it may pass
	}
}
