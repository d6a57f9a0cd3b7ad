package device_test

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// What may not be read or written is an error that says where, in runs and
// element by element; the rest of the process is none the worse.
func TestTryCopy(t *testing.T) {
	const n = 1024
	memory, err := unix.Mmap(-1, 0, 4*n, unix.PROT_READ, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(memory)) }()
	mapped := tensor.Bytes(memory, tensor.F32, 1, 32, 32)
	own := tensor.Matrix(make([]float32, n), 32, 32)
	at := uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
	requireGone := func(err error) {
		t.Helper()
		var gone *device.MemoryError
		require.ErrorAs(t, err, &gone)
		require.GreaterOrEqual(t, gone.Address, at)
		require.Less(t, gone.Address, at+4*n)
	}
	require.NoError(t, device.TryCopy(own, mapped))
	requireGone(device.TryCopy(mapped, own))
	requireGone(device.TryCopy(mapped.T(), own))
	require.NoError(t, unix.Mprotect(memory, unix.PROT_NONE))
	requireGone(device.TryCopy(own, mapped))
	requireGone(device.TryCopy(own, mapped.T()))
}

// Other panics are not about memory.
func TestFault(t *testing.T) {
	defer func() { require.Nil(t, device.Fault(recover())) }()
	require.Nil(t, device.Fault(nil))
	require.Nil(t, device.Fault(errors.New("x")))
	var v *tensor.View
	_ = v.Len()
}
