package kerneltest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestLayouts checks that every layout gives each element a place of its own,
// within its memory, guards left free.
func TestLayouts(t *testing.T) {
	for _, l := range Layouts {
		for _, d := range []tensor.Dims{{2, 3, 4}, {1, 1, 5}, {3, 5, 1}, {0, 2, 2}, {2, 0, 3}} {
			for _, dt := range tensor.DTypes {
				o := NewOperand(dt, d, l, false)
				require.NoError(t, o.View.Err(), "%v %v", l, d)
				seen := map[int]bool{}
				o.each(func(b, i, j int) {
					at := o.at(b, i, j)
					require.False(t, seen[at], "%v %v", l, d)
					seen[at] = true
					require.GreaterOrEqual(t, at, guard*dt.Size())
					require.LessOrEqual(t, at+(1+guard)*dt.Size(), len(o.Memory))
				})
				require.Len(t, seen, d[0]*d[1]*d[2])
			}
		}
	}
}

func TestSharedMatricesAreOne(t *testing.T) {
	o := NewOperand(tensor.F16, tensor.Dims{3, 2, 2}, ColumnPadded, true)
	o.View.SetValue(2, 1, 1, 7)
	require.EqualValues(t, 7, o.View.Value(0, 1, 1))
}
