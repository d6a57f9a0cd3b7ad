package array

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestParsePlace(t *testing.T) {
	for text, want := range map[string]Place{
		"x.npy":                     {File: "x.npy"},
		"d/m.safetensors":           {File: "d/m.safetensors"},
		"m.safetensors:layer.0:bis": {File: "m.safetensors", Tensor: "layer.0:bis"},
	} {
		p, err := ParsePlace(text)
		require.NoError(t, err)
		require.Equal(t, want, p)
		require.Equal(t, text, p.String())
	}
	for text, want := range map[string]string{
		"x.npy:a": "tensor is \"a\"; allowed: none", "x": `format is ""; allowed: FILE.npy`, "x.npz": `format is ".npz"`,
		"x.safetensors:": "without a file or a name", ".safetensors:x": "without a file or a name",
	} {
		_, err := ParsePlace(text)
		require.ErrorContains(t, err, want)
	}
}

// What was written is read again, whatever the type and the format.
func TestWriteRead(t *testing.T) {
	dir := t.TempDir()
	for _, dt := range tensor.DTypes {
		for _, file := range []string{"x.npy", "x.safetensors", "x.safetensors:w"} {
			p, err := ParsePlace(filepath.Join(dir, file))
			require.NoError(t, err)
			a, err := New(dt, []int{2, 3})
			require.NoError(t, err)
			v, err := a.View("")
			require.NoError(t, err)
			v.SetValue(0, 1, 2, -1.5)
			if dt == tensor.BF16 && p.npy() {
				require.ErrorContains(t, Write(p, a), "dtype is bf16; allowed: f32 or f16 in .npy")
				continue
			}
			require.NoError(t, Write(p, a))
			got, err := Read(p)
			require.NoError(t, err)
			require.Equal(t, a, got)
		}
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is left behind")
}

// A write that fails leaves the old file, and nothing beside it.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	p := Place{File: filepath.Join(dir, "x.safetensors")}
	require.NoError(t, os.WriteFile(p.File, []byte("old"), 0o600))
	require.Error(t, Write(p, &Array{DType: tensor.F32, Shape: []int{3}, Data: make([]byte, 8)}), "too little data")
	raw, err := os.ReadFile(p.File)
	require.NoError(t, err)
	require.Equal(t, "old", string(raw))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	require.NoError(t, Writable(p))
	require.ErrorContains(t, Writable(Place{File: filepath.Join(dir, "no", "x.npy")}), "no such file")
	require.ErrorContains(t, Writable(Place{File: filepath.Join(p.File, "x.npy")}), "directory")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "d.npy"), 0o700))
	require.ErrorContains(t, Writable(Place{File: filepath.Join(dir, "d.npy")}), "kind is d")
}

func TestReadWrong(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	f64, err := safetensors.NewTensorView(safetensors.F64, []uint64{1}, make([]byte, 8))
	require.NoError(t, err)
	raw, err := safetensors.Serialize(map[string]safetensors.TensorView{"a": f64, "b": f64}, nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(at("two.safetensors"), raw, 0o600))
	require.NoError(t, os.WriteFile(at("cut.safetensors"), raw[:len(raw)-1], 0o600))
	require.NoError(t, os.WriteFile(at("empty.npy"), nil, 0o600))
	require.NoError(t, os.Mkdir(at("dir.npy"), 0o700))
	for text, want := range map[string]string{
		"two.safetensors":   "tensor is not named; allowed: FILE:TENSOR with one of a, b",
		"two.safetensors:c": `tensor is "c"; allowed: a, b`,
		"two.safetensors:a": "dtype is F64; allowed: F32, F16, BF16",
		"cut.safetensors":   "allowed: a .safetensors file",
		"empty.npy":         "the file is empty",
		"dir.npy":           "kind is d",
		"none.npy":          "no such file",
	} {
		p, err := ParsePlace(at(text))
		require.NoError(t, err)
		_, err = Read(p)
		require.ErrorContains(t, err, want)
	}
	_, err = Read(Place{File: at("none.npy")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestShapes(t *testing.T) {
	rows := func(shape ...int) tensor.Dims {
		a, err := New(tensor.F32, shape)
		require.NoError(t, err)
		v, err := a.Rows("x")
		require.NoError(t, err)
		return v.Dims()
	}
	require.Equal(t, tensor.Dims{1, 1, 5}, rows(5))
	require.Equal(t, tensor.Dims{6, 4, 5}, rows(2, 3, 4, 5))
	require.Equal(t, tensor.Dims{0, 4, 5}, rows(2, 0, 4, 5))

	a := &Array{DType: tensor.F32, Data: make([]byte, 4)}
	_, err := a.Rows("x")
	require.ErrorContains(t, err, "x: shape is scalar")
	_, err = a.View("x")
	require.ErrorContains(t, err, "shape is scalar; allowed: 1 to 3 dimensions")
	a, err = New(tensor.F32, []int{2, 1, 1, 1})
	require.NoError(t, err)
	_, err = a.View("x")
	require.ErrorContains(t, err, "shape is 2x1x1x1")
	a.Fortran = true
	_, err = a.Rows("x")
	require.ErrorContains(t, err, "order is Fortran")
	for _, shape := range [][]int{{math.MaxInt, 2}, {1 << 40, 1 << 40}, {-1}} {
		_, err = New(tensor.F32, shape)
		require.ErrorContains(t, err, "result: shape is")
	}
}
