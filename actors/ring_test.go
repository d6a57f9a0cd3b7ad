package actors

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func newRing(t *testing.T, length, n int) *ring {
	buf, err := sim.Open(sim.Config{Discrete: true}).Alloc(device.SpaceShared, length*n*tensor.F32.Size())
	require.NoError(t, err)
	return &ring{buffer: buf, dtype: tensor.F32, length: length, places: make([]atomic.Int32, n), pinned: new(atomic.Int64)}
}

// A place is taken again when nobody uses it any more, in turn.
func TestPlacesInTurn(t *testing.T) {
	b := newRing(t, 16, 3)
	for i := range 3 {
		at, ok := b.put(fill(16, 1, i))
		require.True(t, ok)
		require.Equal(t, i, at)
		require.Equal(t, fill(16, 1, i).Value(0, 5, 0), b.region(0, 3).View.Value(0, 5, i))
	}
	_, ok := b.put(fill(16, 1, 9))
	require.False(t, ok, "the first is still used")
	b.leave(1, 2)
	at, ok := b.put(fill(16, 1, 9))
	require.True(t, ok)
	require.Equal(t, 1, at)
	require.Equal(t, fill(16, 1, 9).Value(0, 5, 0), b.region(1, 2).View.Value(0, 5, 0))

	require.True(t, b.use(1, 3))
	b.leave(1, 3)
	b.leave(2, 3)
	b.bar()
	_, ok = b.put(fill(16, 1, 9))
	require.False(t, ok, "nobody comes in any more")
}

// A ring is shut only when nobody is in it, and else stays as it is.
func TestShut(t *testing.T) {
	b := newRing(t, 16, 3)
	for range 2 {
		_, ok := b.put(fill(16, 1, 1))
		require.True(t, ok)
	}
	b.leave(0, 1)
	require.False(t, b.shut(), "somebody lies in the second place")
	at, ok := b.put(fill(16, 1, 1))
	require.True(t, ok)
	b.leave(at, at+1)
	at, ok = b.put(fill(16, 1, 1))
	require.True(t, ok, "the first is free as before")
	b.leave(at, at+1)
	b.leave(1, 2)
	require.True(t, b.shut())
	_, ok = b.put(fill(16, 1, 1))
	require.False(t, ok)
}

// A vector that cannot be read, here of a file that was cut short, takes no place;
// its batch says what is wrong.
func TestPlaceOfAVectorWithoutMemory(t *testing.T) {
	b := newRing(t, 16, 2)
	file, err := os.Create(filepath.Join(t.TempDir(), "vector"))
	require.NoError(t, err)
	require.NoError(t, file.Truncate(4*16))
	mapped, err := unix.Mmap(int(file.Fd()), 0, 4*16, unix.PROT_READ, unix.MAP_SHARED)
	require.NoError(t, err)
	require.NoError(t, file.Truncate(0))
	_, ok := b.put(tensor.Part(unsafe.Pointer(&mapped[0]), len(mapped), tensor.F32, tensor.Dims{1, 16, 1}, 0))
	require.False(t, ok)
	require.NoError(t, unix.Munmap(mapped))
	require.NoError(t, file.Close())

	at, ok := b.put(fill(16, 1, 1))
	require.True(t, ok)
	require.Equal(t, 1, at)
	b.leave(1, 2)
	require.Zero(t, b.places[0].Load()+b.places[1].Load())
}
