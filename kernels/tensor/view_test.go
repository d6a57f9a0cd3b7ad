package tensor_test

import (
	"errors"
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// counting returns n floats, each its own index.
func counting(n int) []float32 {
	xs := make([]float32, n)
	for i := range xs {
		xs[i] = float32(i)
	}
	return xs
}

// values lists the elements of a view in the order of their indices.
func values(v tensor.View) (xs []float32) {
	for b := range v.Matrices() {
		for i := range v.Rows() {
			for j := range v.Cols() {
				xs = append(xs, v.Value(b, i, j))
			}
		}
	}
	return xs
}

func TestConstructors(t *testing.T) {
	data := counting(12)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), 48)
	for name, c := range map[string]struct {
		v    tensor.View
		dims tensor.Dims
	}{
		"vector": {tensor.Vector(data), tensor.Dims{1, 12, 1}},
		"matrix": {tensor.Matrix(data, 3, 4), tensor.Dims{1, 3, 4}},
		"batch":  {tensor.Batch(data, 2, 3, 2), tensor.Dims{2, 3, 2}},
		"bytes":  {tensor.Bytes(raw, tensor.F32, 1, 4, 3), tensor.Dims{1, 4, 3}},
		"window": {tensor.Window(unsafe.Pointer(&data[0]), 48, tensor.F32, tensor.Dims{1, 2, 6}, tensor.Dims{0, 6, 1}, 0), tensor.Dims{1, 2, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.v
			require.NoError(t, v.Err())
			require.Equal(t, c.dims, v.Dims())
			require.Equal(t, []int{c.dims[0], c.dims[1], c.dims[2], 12}, []int{v.Matrices(), v.Rows(), v.Cols(), v.Len()})
			require.Equal(t, data, values(v))
			require.Equal(t, tensor.F32, v.DType())
			require.Equal(t, 48, v.Bytes())
			require.Equal(t, unsafe.Pointer(&data[0]), v.Base())
			require.Equal(t, v.Base(), v.Pointer())
			require.False(t, v.IsZero())
			require.Nil(t, v.Resident())
		})
	}
}

func TestSlicing(t *testing.T) {
	v := tensor.Batch(counting(24), 2, 3, 4)
	require.Equal(t, []float32{5, 6, 9, 10, 17, 18, 21, 22}, values(v.Slice(1, 3, 1, 3)))
	require.Equal(t, []float32{5, 9, 6, 10}, values(v.Slice(1, 3, 1, 3).T().Sub(0, 1)))
	require.Equal(t, values(v)[12:], values(v.Sub(1, 2)))
	require.Equal(t, []float32{0, 1, 0, 1}, values(v.Sub(0, 1).Slice(0, 1, 0, 2).Broadcast(2)))
	require.Equal(t, values(v), values(v.Broadcast(2)), "already that many")
	require.Equal(t, []float32{3, 13, 23}, values(v.Strided(tensor.Dims{1, 3, 1}, tensor.Dims{0, 10, 0}, 3)))
	narrow := v
	narrow.Columns(1, 2)
	require.Equal(t, []float32{1, 5, 9, 13, 17, 21}, values(narrow))
	require.Equal(t, values(v), values(v.T().T()))
	other := make([]float32, 24)
	other[5] = 7
	narrow = narrow.Rebase(unsafe.Pointer(&other[0]))
	require.Equal(t, []float32{0, 7, 0, 0, 0, 0}, values(narrow))
	require.Equal(t, 24*4, narrow.Bytes())
}

func TestEmptySlicesPointNowhere(t *testing.T) {
	v := tensor.Batch(counting(24), 2, 3, 4)
	empty := v
	empty.Columns(4, 4)
	for _, e := range []tensor.View{v.Slice(3, 3, 0, 4), v.Slice(0, 3, 4, 4), v.Sub(2, 2), v.Sub(1, 1).Slice(1, 3, 1, 4), empty} {
		require.NoError(t, e.Err())
		require.Zero(t, e.Len())
		require.Zero(t, e.Offset())
		require.Nil(t, e.Pointer())
	}
	for _, e := range []tensor.View{tensor.Vector([]float32{}), tensor.Matrix[tensor.Float16](nil, 3, 0), tensor.Bytes(nil, tensor.BF16, 0, 2, 2)} {
		require.NoError(t, e.Err())
		require.Nil(t, e.Pointer())
		require.False(t, e.IsZero())
	}
}

func TestResidentFollowsTheView(t *testing.T) {
	r := &tensor.Resident{ID: 3}
	v := r.Of(tensor.Matrix(counting(6), 2, 3))
	for _, w := range []tensor.View{v, v.T(), v.Slice(0, 1, 0, 2), v.Sub(0, 1), v.Broadcast(4), v.Strided(tensor.Dims{1, 1, 1}, tensor.Dims{}, 5), v.Rebase(nil)} {
		require.Same(t, r, w.Resident())
	}
	nowhere := v.Rebase(nil)
	require.Nil(t, nowhere.Base())
	require.Nil(t, nowhere.Pointer())
}

func TestErrors(t *testing.T) {
	data := counting(12)
	v := tensor.Matrix(data, 3, 4)
	odd := unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), 48)[1:9]
	for name, c := range map[string]struct {
		v    tensor.View
		what string
	}{
		"too few":            {tensor.Matrix(data, 3, 3), "length"},
		"too many":           {tensor.Matrix(data, 4, 4), "length"},
		"negative":           {tensor.Batch(data, -1, -3, 4), "shape"},
		"huge":               {tensor.Batch(data, math.MaxInt, math.MaxInt, 2), "shape"},
		"huge bytes":         {tensor.Matrix(data, math.MaxInt, 1), "length"},
		"bytes type":         {tensor.Bytes(odd, 0, 1, 1, 1), "dtype"},
		"bytes alignment":    {tensor.Bytes(odd, tensor.F32, 1, 2, 1), "alignment"},
		"bytes length":       {tensor.Bytes(odd[1:], tensor.F16, 1, 3, 1), "length"},
		"window type":        {tensor.Window(nil, 8, 9, tensor.Dims{}, tensor.Dims{}, 0), "dtype"},
		"window length":      {tensor.Window(nil, -1, tensor.F32, tensor.Dims{}, tensor.Dims{}, 0), "length"},
		"window shape":       {tensor.Window(nil, 8, tensor.F32, tensor.Dims{1, 1, -1}, tensor.Dims{}, 0), "shape"},
		"strided zero view":  {tensor.View{}.Strided(tensor.Dims{1, 1, 1}, tensor.Dims{}, 0), "view"},
		"negative stride":    {v.Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, -4, 1}, 11), "stride"},
		"offset":             {v.Strided(tensor.Dims{1, 0, 0}, tensor.Dims{}, 13), "offset"},
		"negative offset":    {v.Strided(tensor.Dims{1, 1, 1}, tensor.Dims{}, -1), "offset"},
		"outside":            {v.Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, 4, 1}, 1), "strides"},
		"overflow":           {v.Strided(tensor.Dims{1, 3, 1}, tensor.Dims{0, math.MaxInt, 1}, 0), "strides"},
		"overflow to 0":      {v.Strided(tensor.Dims{1, 1<<32 + 1, 1}, tensor.Dims{0, 1 << 32, 1}, 0), "strides"},
		"overflow by sum":    {v.Strided(tensor.Dims{2, 2, 1}, tensor.Dims{math.MaxInt, math.MaxInt, 1}, 0), "strides"},
		"slice rows":         {v.Slice(0, 4, 0, 4), "slice"},
		"slice backwards":    {v.Slice(2, 1, 0, 4), "slice"},
		"slice columns":      {v.Slice(0, 3, -1, 4), "slice"},
		"sub":                {v.Sub(0, 2), "batch slice"},
		"sub backwards":      {v.Sub(1, 0), "batch slice"},
		"broadcast of many":  {tensor.Batch(data, 2, 3, 2).Broadcast(3), "batch"},
		"broadcast negative": {v.Broadcast(-1), "batch"},
		"broadcast overflow": {v.Broadcast(math.MaxInt), "batch"},
	} {
		t.Run(name, func(t *testing.T) {
			var e *tensor.Error
			require.True(t, errors.As(c.v.Err(), &e))
			require.Equal(t, c.what, e.What)
			require.NotEmpty(t, e.Got)
			require.NotEmpty(t, e.Allowed)
			require.ErrorContains(t, e, "allowed: "+e.Allowed)
			requireDead(t, c.v, e)
		})
	}
}

// requireDead: a view with an error holds nothing, and what is made of it
// carries the same error.
func requireDead(t *testing.T, v tensor.View, e *tensor.Error) {
	t.Helper()
	require.False(t, v.IsZero())
	require.Nil(t, v.Pointer())
	v.Transpose()
	for _, w := range []tensor.View{v, v.T(), v.Slice(0, 0, 0, 0), v.Sub(0, 0), v.Broadcast(2), v.Strided(tensor.Dims{}, tensor.Dims{}, 0)} {
		require.Equal(t, error(e), w.Err())
		require.Zero(t, w.Len())
	}
}

func TestZeroView(t *testing.T) {
	none := tensor.View{}
	require.True(t, none.IsZero())
	require.NoError(t, none.Err())
	require.Zero(t, none.Len())
	require.Nil(t, none.Pointer())
	require.Error(t, func() error { v := none.Slice(0, 1, 0, 1); return v.Err() }())
}

func TestGettersDoNotAllocate(t *testing.T) {
	v := tensor.Matrix(counting(12), 3, 4)
	sum := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		w := v.T().Slice(0, 2, 0, 3).Broadcast(2)
		sum += w.Len() + w.Dims()[0] + w.Strides()[1] + w.Offset() + w.Bytes() + w.Rows() + w.Cols() + w.Matrices()
		if w.Err() != nil || w.Pointer() == nil || w.IsZero() || v.RepeatsElements() || w.Resident() != nil {
			sum = 0
		}
	}))
	require.Positive(t, sum)
}
