package device_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// What may not be read or written is an error that says where, in runs and
// element by element; the rest of the process is none the worse.
func TestTryCopy(t *testing.T) {
	const n = 1024
	memory := devicetest.Mapped(t, 4*n, unix.PROT_READ)
	mapped := tensor.Bytes(memory, tensor.F32, 1, 32, 32)
	own := tensor.Matrix(make([]float32, n), 32, 32)
	at := uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
	requireGone := func(err error) {
		t.Helper()
		var gone *device.MemoryError
		require.ErrorAs(t, err, &gone)
		require.GreaterOrEqual(t, gone.Address, at)
		require.Less(t, gone.Address, at+4*n)
		require.NotContains(t, err.Error(), "0x", "it goes over the wire")
	}
	require.NoError(t, device.TryCopy(own, mapped))
	requireGone(device.TryCopy(mapped, own))
	requireGone(device.TryCopy(mapped.T(), own))
	require.NoError(t, unix.Mprotect(memory, unix.PROT_NONE))
	requireGone(device.TryCopy(own, mapped))
	requireGone(device.TryCopy(own, mapped.T()))
}

// Likewise a mapped file that was cut short.
func TestTryCopyFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.NoError(t, file.Truncate(4096))
	memory, err := unix.Mmap(int(file.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(memory)) }()
	mapped := tensor.Bytes(memory, tensor.F32, 1, 32, 32)
	own := tensor.Matrix(make([]float32, 1024), 32, 32)
	require.NoError(t, device.TryCopy(mapped, own))
	require.NoError(t, file.Truncate(0))
	var gone *device.MemoryError
	require.ErrorAs(t, device.TryCopy(mapped, own), &gone)
	require.ErrorAs(t, device.TryCopy(own, mapped), &gone)
}

// A panic of another kind goes on.
func TestTry(t *testing.T) {
	require.PanicsWithValue(t, "x", func() { _ = device.Try(func() { panic("x") }) })
	require.NoError(t, device.Try(func() {}))
	one := tensor.Vector([]float32{1})
	require.Zero(t, testing.AllocsPerRun(10, func() { _ = device.TryCopy(one, one) }))
}

// Other panics are not about memory.
func TestFault(t *testing.T) {
	defer func() { require.Nil(t, device.Fault(recover())) }()
	require.Nil(t, device.Fault(nil))
	require.Nil(t, device.Fault(errors.New("x")))
	var v *tensor.View
	_ = v.Len()
}
