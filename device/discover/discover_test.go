package discover

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
)

func TestOpen(t *testing.T) {
	for name, backend := range map[string]string{"auto": "cpu", "cpu": "cpu", "cpu:0": "cpu", "sim": "sim", "sim:7": "sim"} {
		d, err := Open(name, Config{})
		require.NoError(t, err, name)
		require.Equal(t, backend, d.Info().Backend)
		require.NoError(t, d.Close())
	}
}

func TestOpenOfAMissingDeviceSaysWhatThereIs(t *testing.T) {
	for _, name := range []string{"cuda", "cuda:1", "metal", "cpu:1"} {
		_, err := Open(name, Config{})
		require.ErrorIs(t, err, device.ErrUnavailable)
		require.ErrorContains(t, err, "device "+name)
		require.ErrorContains(t, err, "available: cpu, sim")
	}
}

func TestOpenOfAnUnknownDeviceSaysWhatIsAllowed(t *testing.T) {
	_, err := Open("gpu", Config{})
	require.NotErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "auto, metal, cuda, cpu, sim")
}

func TestConfigIsPassedOn(t *testing.T) {
	d, err := Open("cpu", Config{BLAS: "none"})
	require.NoError(t, err)
	require.False(t, d.Info().Caps.Vendor)
	require.NoError(t, d.Close())
}

// A library that is named must be there, where it is used.
func TestWrongLibrary(t *testing.T) {
	c := Config{BLAS: "/nowhere/libblas.so"}
	for _, name := range []string{"cpu", "auto"} {
		_, err := Open(name, c)
		var wrong *blas.LibraryError
		require.ErrorAs(t, err, &wrong, name)
		require.Equal(t, c.BLAS, wrong.Name)
		require.NotErrorIs(t, err, device.ErrUnavailable)
	}
	require.Error(t, c.CheckCPU())
	require.ErrorContains(t, List(c)[2].Err, c.BLAS)
	d, err := Open("sim", c)
	require.NoError(t, err)
	require.NoError(t, d.Close())
}

func TestList(t *testing.T) {
	entries := List(Config{})
	require.Len(t, entries, len(Names())-1)
	for _, e := range entries {
		require.Contains(t, Names(), e.Backend)
		require.Equal(t, e.Available, e.Err == nil, "%s", e.Backend)
		d, err := Open(e.Backend, Config{})
		require.Equal(t, e.Available, err == nil, "%s", e.Backend)
		if err == nil {
			require.NoError(t, d.Close())
		}
	}
}

func TestAutoTakesTheFirstThatOpens(t *testing.T) {
	saved := backends
	defer func() { backends = saved }()
	backends = []backend{{"cuda", true, missing("no driver"), one}, {"sim", false, saved[len(saved)-1].open, one}}
	_, err := Open(Auto, Config{})
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "cuda: ")
	require.ErrorContains(t, err, "no driver")

	backends[1].auto = true
	d, err := Open(Auto, Config{})
	require.NoError(t, err)
	require.Equal(t, "sim", d.Info().Backend)
	require.NoError(t, d.Close())
}

// So must one that the environment names, in front of devices that do without.
func TestWrongLibraryOfTheEnvironment(t *testing.T) {
	saved := backends
	defer func() { backends = saved }()
	backends = slices.Clone(saved)
	wrong := fmt.Errorf("cuda: %w", &driver.LibraryError{Variable: "METALLIC_CUDA_X", Path: "/nowhere/lib.so", Err: errors.New("no such file")})
	i := indexOf("cuda")
	backends[i].open = func(Config, int) (device.Device, error) { return nil, wrong }
	backends[i].count = func() (int, error) { return 0, wrong }
	for _, name := range []string{"auto", "cuda", "cuda:1"} {
		_, err := Open(name, Config{})
		require.ErrorIs(t, err, wrong, name)
		require.NotContains(t, err.Error(), "available")
	}
	_, err := Expand("cuda:all")
	require.ErrorIs(t, err, wrong)
	require.ErrorIs(t, List(Config{})[i].Err, wrong)
}
