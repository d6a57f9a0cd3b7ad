package actors

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func newArena(c sim.Config) (*arena, *sim.Device) {
	d := sim.Open(c)
	return &arena{space: device.SpaceShared, device: d, relieve: func() {}}, d
}

func (a *arena) bytes(t *testing.T, n int) device.Region {
	r, err := a.alloc(tensor.F32, tensor.Dims{1, 1, n / 4})
	require.NoError(t, err)
	return r
}

func TestArenaAlignsAndSeparates(t *testing.T) {
	a, _ := newArena(sim.Config{})
	type span struct{ from, to uintptr }
	var spans []span
	for _, dims := range []tensor.Dims{{1, 3, 5}, {1, 1, 1}, {2, 7, 9}, {1, 0, 8}, {1, 100, 100}, {1, 1, 1}} {
		for _, dt := range tensor.DTypes {
			r, err := a.alloc(dt, dims)
			require.NoError(t, err)
			require.Equal(t, dims, r.View.Dims())
			require.Equal(t, tensor.Compact(dims), r.View.Strides())
			require.Equal(t, device.SpaceShared, r.Buffer.Space())
			require.LessOrEqual(t, r.View.Offset()*dt.Size()+r.View.Len()*dt.Size(), r.Buffer.Len())
			if r.View.Len() == 0 {
				continue
			}
			from := uintptr(r.View.Pointer())
			require.Zero(t, from%arenaAlign)
			s := span{from, from + uintptr(r.View.Len()*dt.Size())}
			for _, o := range spans {
				require.True(t, s.to <= o.from || o.to <= s.from, "regions overlap")
			}
			spans = append(spans, s)
		}
	}
}

func TestArenaKeepsOneChunk(t *testing.T) {
	a, d := newArena(sim.Config{})
	for range 5 {
		a.bytes(t, arenaFirst)
	}
	require.NotEmpty(t, a.full)
	last := a.chunk
	a.reset()
	require.Same(t, last, a.chunk)
	require.EqualValues(t, last.Len(), d.BytesInUse())
	r := a.bytes(t, 64)
	require.Zero(t, r.View.Offset(), "it starts again")
	a.bytes(t, last.Len()-64)
	require.Same(t, last, a.chunk, "it holds what it is long")

	a.free()
	require.Zero(t, d.BytesInUse())
	a.free()
	a.bytes(t, 64)
	require.EqualValues(t, arenaFirst, d.BytesInUse(), "it can be used again")
}

func TestArenaGivesBackHugeChunks(t *testing.T) {
	a, d := newArena(sim.Config{})
	a.bytes(t, arenaKeep)
	a.reset()
	require.EqualValues(t, arenaKeep, d.BytesInUse())
	a.bytes(t, arenaKeep+64)
	a.reset()
	require.Zero(t, d.BytesInUse())
}

// Memory that batch after batch needs is not given back in between.
func TestArenaKeepsHugeChunksThatAreUsual(t *testing.T) {
	a, d := newArena(sim.Config{})
	huge := func() { a.bytes(t, arenaKeep); a.bytes(t, 64) }
	huge()
	a.reset()
	require.Zero(t, d.BytesInUse(), "once is no habit")
	huge()
	a.reset()
	kept := a.chunk
	require.NotNil(t, kept)
	for range 3 {
		for range 10 { // every now and then is enough
			a.bytes(t, 64)
			a.reset()
		}
		huge()
		require.Same(t, kept, a.chunk)
		a.reset()
		a.forget()
	}
	a.forget()
	require.Zero(t, d.BytesInUse(), "nobody has needed it for long")

	huge()
	a.reset()
	a.bytes(t, 4*arenaKeep)
	a.reset()
	require.Zero(t, d.BytesInUse(), "that much is not usual")
}

func TestArenaWhenMemoryRunsOut(t *testing.T) {
	a, d := newArena(sim.Config{AllocLimit: 3 * arenaFirst})
	a.bytes(t, arenaFirst)
	a.bytes(t, 2*arenaFirst) // not the 4 that it would rather have
	require.EqualValues(t, 3*arenaFirst, d.BytesInUse())
	_, err := a.alloc(tensor.F32, tensor.Dims{1, 1, 1})
	require.ErrorIs(t, err, device.ErrOutOfMemory)

	idle, _ := newArena(sim.Config{})
	idle.device = d
	a.reset() // gives the first chunk back
	idle.bytes(t, arenaFirst)
	asked := 0
	a.relieve = func() { asked++; idle.free() }
	a.used = a.chunk.Len()
	a.bytes(t, arenaFirst)
	require.Equal(t, 1, asked, "what idle batches keep is given back first")
	a.free()
	require.Zero(t, d.BytesInUse())
}

func TestArenaRefusesWhatOverflows(t *testing.T) {
	a, _ := newArena(sim.Config{})
	for _, dims := range []tensor.Dims{{1, 1 << 31, 1 << 31}, {1 << 62, 4, 1}, {1, 1, 1 << 61}} {
		_, err := a.alloc(tensor.F32, dims)
		require.True(t, errors.Is(err, device.ErrOutOfMemory), "%v: %v", dims, err)
	}
}

func TestArenaDoesNotAllocateAgain(t *testing.T) {
	a, _ := newArena(sim.Config{})
	use := func() {
		a.reset()
		for range 10 {
			_, _ = a.alloc(tensor.F32, tensor.Dims{1, 64, 64})
		}
	}
	for range 5 { // until the chunk holds it all
		use()
	}
	require.Zero(t, testing.AllocsPerRun(50, use))
}

// What is usual for an arena stays, however large; more is given back.
func TestArenaKeepsWhatItIsToldTo(t *testing.T) {
	a, d := newArena(sim.Config{})
	a.keep = 2 * arenaKeep
	a.bytes(t, 2*arenaKeep)
	a.reset()
	require.EqualValues(t, 2*arenaKeep, d.BytesInUse())
	a.bytes(t, 3*arenaKeep)
	a.reset()
	require.Zero(t, d.BytesInUse())
}
