package blas

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// fake is a machine with the libraries it lists and the symbols they have.
type fake map[string][]string

func (f fake) open(name string) (uintptr, error) {
	if name == "libbroken.so" {
		return 0, errors.New("libbroken.so: invalid ELF header")
	}
	if f[name] == nil {
		return 0, fmt.Errorf("%s: cannot open shared object file: No such file or directory", name)
	}
	return uintptr(len(name)), nil // as good as any
}

func (f fake) symbol(handle uintptr, symbol string) (uintptr, error) {
	for name, symbols := range f {
		for i, s := range symbols {
			if uintptr(len(name)) == handle && s == symbol {
				return uintptr(i + 1), nil
			}
		}
	}
	return 0, errors.New("undefined symbol: " + symbol)
}

func (fake) bind(fn any, _ uintptr) {
	switch fn := fn.(type) {
	case *func() string:
		*fn = func() string { return "OpenBLAS 1.2.3 DYNAMIC_ARCH Zen" }
	case *func(*byte, int32):
		*fn = func(buffer *byte, _ int32) { *buffer = 'M' }
	}
}

var cblas = []string{"cblas_sgemm", "cblas_sgemv"}

func TestFind(t *testing.T) {
	with := func(more ...string) []string { return append(more, cblas...) }
	for _, c := range []struct {
		machine      fake
		name, goos   string
		want, failed string
	}{
		{fake{}, "", "linux", "", "no BLAS found: tried libopenblas.so.0, libopenblas.so, libblis.so.4,"},
		{fake{}, "", "linux", "", "libopenblas0-pthread"},
		{fake{}, "", "linux", "", "METALLIC_BLAS"},
		{fake{}, "", "plan9", "", "tried nothing, none is known for plan9"},
		{fake{"libopenblas.so.0": {"sin"}}, "", "linux", "", "tried libopenblas.so.0 (it has no cblas_sgemm), libopenblas.so,"},
		{fake{}, "libmine.so", "linux", "", `BLAS is "libmine.so", which cannot be used: libmine.so: cannot open shared object file`},
		{fake{}, "libbroken.so", "linux", "", `"libbroken.so", which cannot be used: libbroken.so: invalid ELF header; allowed: a library's file name or path, or none`},
		{fake{"libopenblas.so.0": cblas}, None, "linux", "", `BLAS is "none"`},
		{fake{"libm.so": {"sin"}}, "libm.so", "linux", "", `"libm.so", which cannot be used: it has no cblas_sgemm`},
		{fake{"libhalf.so": {"cblas_sgemm"}}, "libhalf.so", "linux", "", `"libhalf.so", which cannot be used: it has no cblas_sgemv`},

		{fake{"libopenblas.so.0": with("openblas_set_num_threads", "openblas_get_config")}, "", "linux", "OpenBLAS 1.2.3 (libopenblas.so.0)", ""},
		{fake{"libblis.so.4": with("bli_thread_set_num_threads")}, "", "linux", "BLIS (libblis.so.4)", ""},
		{fake{"libmkl_rt.so.2": with("MKL_Set_Num_Threads", "MKL_Get_Version_String")}, "", "linux", "MKL M (libmkl_rt.so.2)", ""},
		{fake{"libopenblas.so.0": {"sin"}, "libblis.so": cblas}, "", "linux", "BLAS (libblis.so)", ""},
		{fake{usual["darwin"][0]: cblas}, "", "darwin", "Accelerate (" + usual["darwin"][0] + ")", ""},
		{fake{"/opt/x.so": cblas, "libopenblas.so.0": cblas}, "/opt/x.so", "linux", "BLAS (/opt/x.so)", ""},
	} {
		l, err := find(c.name, c.machine, c.goos)
		if c.failed != "" {
			require.Nil(t, l)
			require.ErrorContains(t, err, c.failed)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, l.String())
	}
}

// TestPreferred: of several libraries the first of the list is taken.
func TestPreferred(t *testing.T) {
	machine := fake{}
	for i := len(usual["linux"]) - 1; i >= 0; i-- {
		name := usual["linux"][i]
		machine[name] = cblas
		l, err := find("", machine, "linux")
		require.NoError(t, err)
		require.Equal(t, name, l.Path)
	}
}

// TestOfItsOwnThreads: a library that has no say in its threads can be used.
func TestOfItsOwnThreads(t *testing.T) {
	l, err := find("", fake{"libopenblas.so": cblas}, "linux")
	require.NoError(t, err)
	require.False(t, l.SetsThreads())
	l.Acquire(7)
	l.Release()
}

// Only a name can be wrong.
func TestCheck(t *testing.T) {
	require.NoError(t, Check(""))
	require.NoError(t, Check(None))
	var wrong *LibraryError
	require.ErrorAs(t, Check("/nowhere/libblas.so"), &wrong)
	require.Equal(t, "/nowhere/libblas.so", wrong.Name)
	require.Error(t, wrong.Unwrap())
}

func TestFindLooksOnce(t *testing.T) {
	_, first := Find("/nowhere/libblas.so")
	_, again := Find("/nowhere/libblas.so")
	require.ErrorContains(t, first, "/nowhere/libblas.so")
	require.Same(t, first, again)
}
