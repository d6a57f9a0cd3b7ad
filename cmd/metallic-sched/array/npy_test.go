package array

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// npyFile is a file of version 1 with a header as it comes.
func npyFile(header, data string) []byte {
	raw := []byte(npyMagic + "\x01\x00")
	raw = append(raw, byte(len(header)), byte(len(header)>>8))
	return append(raw, header+data...)
}

// Another implementation reads what we write, and we what it writes.
func TestNpyAgainstNpyio(t *testing.T) {
	place := Place{File: filepath.Join(t.TempDir(), "x.npy")}
	data := []float32{1, -2.5, 3, 4e30, 5, 6}
	a, err := New(tensor.F32, []int{6})
	require.NoError(t, err)
	v, err := a.View("")
	require.NoError(t, err)
	for i, x := range data {
		v.SetValue(0, i, 0, x)
	}
	require.NoError(t, Write(place, a))
	raw, err := os.ReadFile(place.File)
	require.NoError(t, err)
	require.Zero(t, (len(raw)-24)%64, "the data begin at a multiple of 64")
	var got []float32
	require.NoError(t, npy.Read(bytes.NewReader(raw), &got))
	require.Equal(t, data, got)

	var theirs bytes.Buffer
	require.NoError(t, npy.Write(&theirs, data))
	b, err := parseNpy("x", theirs.Bytes())
	require.NoError(t, err)
	require.Equal(t, a.Data, b.Data)
	require.Equal(t, []int{6}, b.Shape)

	a.Shape = []int{2, 3}
	header, err := npy.NewReader(bytes.NewReader(append(npyHeader(a), a.Data...)))
	require.NoError(t, err)
	require.Equal(t, []int{2, 3}, header.Header.Descr.Shape)
	theirs.Reset()
	require.NoError(t, npy.Write(&theirs, mat.NewDense(2, 3, make([]float64, 6))))
	_, err = parseNpy("x", theirs.Bytes())
	require.ErrorContains(t, err, `dtype is "<f8"; allowed: <f4 and <f2`)
}

func TestNpyTypesAndOrders(t *testing.T) {
	two := "\x00\x3c\x00\xc0" // f16: 1, -2
	for _, c := range []struct {
		header, data string
		dims         tensor.Dims
		want         float32 // element (0, 0, 1), or (0, 1, 0) of a column
	}{
		{"{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }", two, tensor.Dims{1, 1, 2}, -2},
		{"{'descr': '=f2', 'fortran_order': False, 'shape': (2L,), }", two, tensor.Dims{1, 2, 1}, -2},
		{"{'shape':(1,1,2),'fortran_order':True,'descr':'>f2'}", "\x3c\x00\xc0\x00", tensor.Dims{1, 1, 2}, -2},
		{`{"descr": "<f4", "fortran_order": False, "shape": (2, )}`, "\x00\x00\x80\x3f\x00\x00\x00\x41", tensor.Dims{1, 2, 1}, 8},
		{"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2)}", "\x3f\x80\x00\x00\x41\x00\x00\x00", tensor.Dims{1, 1, 2}, 8},
	} {
		a, err := parseNpy("x", npyFile(c.header, c.data))
		require.NoError(t, err, c.header)
		v, err := a.View("x")
		require.NoError(t, err)
		require.Equal(t, c.dims, v.Dims())
		require.Equal(t, float32(1), v.Value(0, 0, 0))
		require.Equal(t, c.want, v.Value(0, c.dims[1]-1, c.dims[2]-1))
	}
}

// The first index moves fastest in Fortran's order.
func TestNpyFortran(t *testing.T) {
	for _, shape := range [][]int{{2, 3}, {2, 3, 4}} {
		a, err := New(tensor.F16, shape)
		require.NoError(t, err)
		a.Fortran = true
		for i := range len(a.Data) / 2 {
			x := tensor.ToFloat16(float32(i))
			a.Data[2*i], a.Data[2*i+1] = byte(x), byte(x>>8)
		}
		b, err := parseNpy("x", append(npyHeader(a), a.Data...))
		require.NoError(t, err)
		require.True(t, b.Fortran)
		v, err := b.View("x")
		require.NoError(t, err)
		if len(shape) == 2 {
			require.Equal(t, float32(1+2*2), v.Value(0, 1, 2))
		} else {
			require.Equal(t, float32(1+2*2+3*6), v.Value(1, 2, 3))
		}
	}
}

func TestNpyWrong(t *testing.T) {
	good := "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
	for _, c := range []struct{ raw, want string }{
		{"", "beginning is"},
		{npyMagic, "beginning is"},
		{npyMagic + "\x04\x00\x00\x00\x00\x00", "version of the format is 4; allowed: 1, 2, 3"},
		{npyMagic + "\x02\x00\xff\xff\xff\xff", "header is 4294967295 bytes in a file of 12"},
		{npyMagic + "\x01\x00\xff\xff", "header is 65535 bytes"},
		{string(npyFile("{}", "")), "header is"},
		{string(npyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "")), "header is"},
		{string(npyFile(strings.Replace(good, "<f4", "|O", 1), "")), `dtype is "|O"`},
		{string(npyFile(strings.Replace(good, "<f4", "<i4", 1), "12345678")), `dtype is "<i4"`},
		{string(npyFile(good, "1234567")), "data is 7 bytes; allowed: 8 bytes for 1x2 of f32"},
		{string(npyFile(good, "123456789")), "data is 9 bytes"},
		{string(npyFile(strings.Replace(good, "(1, 2)", "(99999999999999999999,)", 1), "")), "shape is"},
		{string(npyFile(strings.Replace(good, "(1, 2)", "(4294967296, 4294967296)", 1), "")), "allowed: up to 2^48 elements"},
	} {
		_, err := parseNpy("x.npy", []byte(c.raw))
		var wrong *Error
		require.ErrorAs(t, err, &wrong, "%q", c.raw)
		require.ErrorContains(t, err, "array: x.npy: ")
		require.ErrorContains(t, err, c.want)
	}
}

// Whatever a file holds, it is an array with all of its elements or an *Error.
func FuzzNpy(f *testing.F) {
	f.Add(npyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", "12345678"))
	f.Add([]byte(npyMagic + "\x03\x00\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := parseNpy("x", raw)
		if err != nil {
			var wrong *Error
			require.ErrorAs(t, err, &wrong)
			return
		}
		n, ok := elements(a.Shape)
		require.True(t, ok)
		require.Len(t, a.Data, n*a.DType.Size())
		if v, err := a.View("x"); err == nil && v.Len() > 0 {
			d := v.Dims()
			v.Value(d[0]-1, d[1]-1, d[2]-1)
		}
	})
}
