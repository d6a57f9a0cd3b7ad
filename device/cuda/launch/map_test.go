package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// A map wants neighbours along a side of the matrix and everything else at
// multiples of 16 bytes.
func TestMaps(t *testing.T) {
	const sides, k, batches, lines = 100, 48, 3, 128
	deep := Map{Used: true, First: 16, Dims: [3]uint64{k, sides, batches}, Strides: [2]uint64{2 * 56, 2 * 8000}, Box: [3]uint32{64, lines, 1}}
	turned := Map{Used: true, Turned: true, First: 16, Dims: [3]uint64{sides, k, batches}, Strides: [2]uint64{2 * 104, 2 * 8000}, Box: [3]uint32{64, 64, 1}}
	of := func(offset, across, along, batch int64) Map {
		return mapOf(&shaders.Matrix{Offset: offset, Batch: batch}, across, along, sides, k, batches, lines)
	}
	require.Equal(t, deep, of(8, 56, 1, 8000))
	require.Equal(t, turned, of(8, 1, 104, 8000))
	same := deep
	same.Dims[2], same.Strides[1] = 1, same.Strides[0]
	require.Equal(t, same, of(8, 56, 1, 0), "one matrix for all")
	for name, m := range map[string]Map{
		"an odd offset": of(4, 56, 1, 8000),
		"odd lines":     of(8, 50, 1, 8000),
		"odd matrices":  of(8, 56, 1, 8001),
		"no neighbours": of(8, 56, 2, 8000),
		"lines equal":   of(8, 0, 1, 8000),
		"far lines":     of(8, 1<<40, 1, 8000),
	} {
		require.Equal(t, Map{}, m, name)
	}
	vector := mapOf(&shaders.Matrix{}, 1, 1, 1, 100, 1, 8)
	require.True(t, vector.Used && !vector.Turned, "a single column lies along K, whatever its stride")
	require.EqualValues(t, 2*104, vector.Strides[0])
	require.Equal(t, Map{}, mapOf(&shaders.Matrix{}, 1, 1, 1, 0, 1, 8), "nothing to read")
}
