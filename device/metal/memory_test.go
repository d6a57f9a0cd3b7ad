//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
)

func (s *simulated) alloc(space device.Space, bytes int) device.Buffer {
	b, err := s.device.Alloc(space, bytes)
	require.NoError(s, err)
	s.Cleanup(b.Free)
	return b
}

func TestSmallBuffersAreUsedAgain(t *testing.T) {
	s := openSimulated(t, nil)
	first := s.alloc(device.SpaceShared, 1000)
	address, buffers := first.Pointer(), s.Live()["MTLBuffer"]
	first.Free()
	first.Free()
	second := s.alloc(device.SpaceShared, 900)
	require.Equal(t, address, second.Pointer())
	require.Equal(t, 900, second.Len())
	third := s.alloc(device.SpaceShared, 1000)
	require.NotEqual(t, address, third.Pointer(), "freed once, given once")
	require.Equal(t, buffers+1, s.Live()["MTLBuffer"])
}

// Metal may pack small buffers more densely than Alloc promises to.
func TestSmallBuffersAreAligned(t *testing.T) {
	for shift, mapped := range map[uint64]bool{16: true, 64: false} {
		s := openSimulated(t, func(m *metalsim.Machine) { m.BufferShift = shift })
		before := s.device.memory.used.Load()
		b := s.alloc(device.SpaceShared, 1000)
		require.Zero(t, uintptr(b.Pointer())%alignment)
		require.Equal(t, mapped, b.(*buffer).part.pages.memory != nil)
		b.Free()
		s.device.memory.close() // what is kept
		require.Equal(t, before, s.device.memory.used.Load())
	}
}

// Only so many are kept.
func TestSpareBuffersAreBounded(t *testing.T) {
	s := openSimulated(t, nil)
	const size = mappedSize / 2
	var all []device.Buffer
	for range 2 * sparePerClass / size {
		all = append(all, s.alloc(device.SpaceShared, size))
	}
	for _, b := range all {
		b.Free()
	}
	require.EqualValues(t, sparePerClass, s.device.memory.used.Load())
}

func TestLargeBuffersGoBack(t *testing.T) {
	for _, macOS := range []uint64{14, 15} { // without and with residency sets
		s := openSimulated(t, func(m *metalsim.Machine) { m.MacOS = macOS })
		before := s.Live()
		b := s.alloc(device.SpaceDevice, mappedSize+1)
		require.Nil(t, b.Pointer())
		require.Greater(t, s.device.memory.used.Load(), int64(mappedSize))
		b.Free()
		b.Free()
		require.Zero(t, s.device.memory.used.Load())
		require.Equal(t, before, s.Live())
	}
}

func TestMemoryIsLimited(t *testing.T) {
	s := openSimulated(t, func(m *metalsim.Machine) { m.Memory, m.MaxBuffer = 16<<20, 10<<20 })
	_, err := s.device.Alloc(device.SpaceShared, 11<<20)
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	require.ErrorContains(t, err, "at most 10485760")
	first := s.alloc(device.SpaceShared, 9<<20)
	_, err = s.device.Alloc(device.SpaceShared, 9<<20)
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	require.ErrorContains(t, err, "in use")
	first.Free()
	s.alloc(device.SpaceShared, 9<<20)
}

// Metal may say no at any time.
func TestMetalHasNoMemory(t *testing.T) {
	s := openSimulated(t, nil)
	for _, bytes := range []int{100, 2 * mappedSize} {
		s.Fail(metalsim.NoBuffer, 1)
		_, err := s.device.Alloc(device.SpaceShared, bytes)
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		require.Zero(t, s.device.memory.used.Load())
		s.alloc(device.SpaceShared, bytes).Free()
		s.device.memory.close() // what is kept
		require.Zero(t, s.device.memory.used.Load())
	}
}
