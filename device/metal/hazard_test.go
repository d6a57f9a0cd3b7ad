package metal

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// plainBuffer is a buffer that is told from others by its address only.
type plainBuffer struct {
	space device.Space
	bytes []byte
}

func (b *plainBuffer) Space() device.Space { return b.space }
func (b *plainBuffer) Len() int            { return len(b.bytes) }
func (b *plainBuffer) Free()               {}
func (b *plainBuffer) Pointer() unsafe.Pointer {
	if b.space == device.SpaceDevice {
		return nil
	}
	return unsafe.Pointer(&b.bytes[0])
}

func newPlainBuffer(space device.Space) *plainBuffer {
	return &plainBuffer{space, make([]byte, 4096)}
}

// window returns a matrix of float32 in a buffer.
func window(b device.Buffer, offset, rows, cols, lead int) device.Region {
	dims, strides := tensor.Dims{1, rows, cols}, tensor.Dims{0, lead, 1}
	return device.Region{Buffer: b, View: tensor.Window(b.Pointer(), b.Len(), tensor.F32, dims, strides, offset)}
}

func TestMeets(t *testing.T) {
	for _, space := range []device.Space{device.SpaceDevice, device.SpaceShared} {
		b, other := newPlainBuffer(space), newPlainBuffer(space)
		whole := window(b, 0, 1, 1024, 1024)
		for _, c := range []struct {
			name   string
			x, y   device.Region
			writes bool // what is done to x; y is written
			want   bool
		}{
			{"the same elements", whole, whole, true, true},
			{"read, then written", whole, whole, false, true},
			{"another buffer", whole, window(other, 0, 1, 1024, 1024), true, false},
			{"first and second half", window(b, 0, 1, 512, 512), window(b, 512, 1, 512, 512), true, false},
			{"halves that share an element", window(b, 0, 1, 513, 513), window(b, 512, 1, 512, 512), true, true},
			{"left and right columns", window(b, 0, 16, 8, 64), window(b, 8, 16, 56, 64), true, false},
			{"columns that share one", window(b, 0, 16, 9, 64), window(b, 8, 16, 56, 64), true, true},
			{"columns of other leads: who knows", window(b, 0, 16, 8, 32), window(b, 8, 16, 8, 64), true, true},
			{"nothing", window(b, 0, 0, 8, 64), whole, true, false},
		} {
			x, y := accessOf(c.x, c.writes), accessOf(c.y, true)
			require.Equal(t, c.want, x.meets(&y), "%v: %s", space, c.name)
			require.Equal(t, c.want, y.meets(&x), "%v: %s, the other way", space, c.name)
		}
		x := accessOf(whole, false)
		require.False(t, x.meets(&x), "two who read")
	}
}

// What operand a region stands for does not matter, only where it lies.
func TestMeetsWhateverItStandsFor(t *testing.T) {
	r := window(newPlainBuffer(device.SpaceShared), 0, 4, 4, 4)
	loaded := r
	loaded.View = (&tensor.Resident{ID: 1}).Of(loaded.View)
	x, y := accessOf(r, true), accessOf(loaded, false)
	require.True(t, x.meets(&y))
}

func TestTooManyToLookAtMeet(t *testing.T) {
	b, other := newPlainBuffer(device.SpaceShared), newPlainBuffer(device.SpaceShared)
	few := []access{accessOf(window(b, 0, 1, 1, 1), true)}
	var many []access
	for range maxPairs {
		many = append(many, accessOf(window(other, 0, 1, 1, 1), false))
	}
	require.False(t, meet(few, many))
	require.True(t, meet(append(few, few...), many))
}

func TestAccessesOfDispatches(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	at := func(i int) device.Region { return window(b, 16*i, 4, 4, 4) }
	m := &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: 4, N: 4, K: 4}, A: at(0), B: at(1), C: at(2),
		Runs: []device.Run{{Columns: 4, Alpha: 1}}, Biases: []device.Region{at(3)},
	}
	require.Equal(t, []access{accessOf(at(2), true), accessOf(at(0), false), accessOf(at(1), false), accessOf(at(3), false)},
		appendDispatch(nil, &device.Dispatch{Matmul: m}))
	m.Runs[0].Alpha, m.Biases = 0, nil
	require.Equal(t, []access{accessOf(at(2), true)}, appendDispatch(nil, &device.Dispatch{Matmul: m}), "A and B are not read")

	s := &device.Softmax{X: at(0), Y: at(1)}
	require.Equal(t, []access{accessOf(at(0), false), accessOf(at(1), true)}, appendDispatch(nil, &device.Dispatch{Softmax: s}))
	require.Equal(t, []access{accessOf(at(0), true)},
		appendCopy(nil, &device.Copy{Dst: at(0), Src: device.Host(tensor.Matrix(make([]float32, 16), 4, 4))}))
}

// A barrier stands before a stage that meets one since the last barrier, and
// before no other.
func TestBarriers(t *testing.T) {
	x, y, z := newPlainBuffer(device.SpaceShared), newPlainBuffer(device.SpaceShared), newPlainBuffer(device.SpaceShared)
	reads := func(b device.Buffer) access { return accessOf(window(b, 0, 1, 4, 4), false) }
	writes := func(b device.Buffer) access { return accessOf(window(b, 0, 1, 4, 4), true) }
	for _, c := range []struct {
		name   string
		stages [][]access
		want   []bool
	}{
		{"a chain", [][]access{{writes(x)}, {reads(x), writes(y)}, {reads(y), writes(z)}}, []bool{false, true, true}},
		{"strangers", [][]access{{writes(x)}, {writes(y)}, {writes(z)}}, []bool{false, false, false}},
		{"readers", [][]access{{reads(x), writes(y)}, {reads(x), writes(z)}}, []bool{false, false}},
		{"read, then written", [][]access{{reads(x), writes(y)}, {writes(x)}}, []bool{false, true}},
		{"one before the last", [][]access{{writes(x)}, {writes(y)}, {reads(x), writes(z)}}, []bool{false, false, true}},
		{"a barrier counts for all before", [][]access{{writes(x)}, {writes(x), writes(y)}, {reads(z)}, {reads(y)}}, []bool{false, true, false, true}},
		{"nothing", [][]access{{writes(x)}, nil, {reads(x)}}, []bool{false, false, true}},
	} {
		var h hazards
		var got []bool
		for _, stage := range c.stages {
			got = append(got, h.enter(stage))
		}
		require.Equal(t, c.want, got, c.name)
	}
}

// A new encoder begins in the middle of a stage: what the stage does counts,
// what was before does not.
func TestNewEncoder(t *testing.T) {
	x, y := newPlainBuffer(device.SpaceShared), newPlainBuffer(device.SpaceShared)
	first, second := []access{accessOf(window(x, 0, 1, 4, 4), true)}, []access{accessOf(window(y, 0, 1, 4, 4), true)}
	var h hazards
	h.enter(first)
	h.enter(second)
	h.reset(second)
	require.False(t, h.enter(first))
	require.True(t, h.enter(second))
}

// Clever against dumb: between two stages that touch an element in common, and
// not both only read it, there is a barrier.
func TestBarriersAgainstEveryElement(t *testing.T) {
	buffers := []*plainBuffer{newPlainBuffer(device.SpaceShared), newPlainBuffer(device.SpaceDevice)}
	region := rapid.Custom(func(t *rapid.T) access {
		b := rapid.SampledFrom(buffers).Draw(t, "buffer")
		r := window(b, rapid.IntRange(0, 40).Draw(t, "offset"), rapid.IntRange(0, 3).Draw(t, "rows"),
			rapid.IntRange(0, 5).Draw(t, "columns"), rapid.IntRange(0, 12).Draw(t, "lead"))
		if rapid.Bool().Draw(t, "transposed") {
			r.View.Transpose()
		}
		return accessOf(r, rapid.Bool().Draw(t, "writes"))
	})
	rapid.Check(t, func(t *rapid.T) {
		stages := rapid.SliceOfN(rapid.SliceOfN(region, 0, 3), 0, 6).Draw(t, "stages")
		var h hazards
		barriers := make([]int, len(stages)) // before and including each stage
		for i, stage := range stages {
			if i > 0 {
				barriers[i] = barriers[i-1]
			}
			if h.enter(stage) {
				barriers[i]++
			}
			for j := range i {
				if barriers[i] == barriers[j] && conflict(stages[j], stage) {
					t.Fatalf("no barrier between stages %d and %d", j, i)
				}
			}
		}
	})
}

// conflict looks at every element.
func conflict(as, bs []access) bool {
	touched := map[device.Buffer]map[int]bool{} // whether it is written
	for i := range as {
		elements(&as[i], func(at int) {
			if touched[as[i].buffer] == nil {
				touched[as[i].buffer] = map[int]bool{}
			}
			touched[as[i].buffer][at] = touched[as[i].buffer][at] || as[i].writes
		})
	}
	found := false
	for i := range bs {
		elements(&bs[i], func(at int) {
			written, ok := touched[bs[i].buffer][at]
			found = found || ok && (written || bs[i].writes)
		})
	}
	return found
}

func elements(a *access, f func(at int)) {
	d, s := a.view.Dims(), a.view.Strides()
	for b := range d[0] {
		for i := range d[1] {
			for j := range d[2] {
				f(a.view.Offset() + b*s[0] + i*s[1] + j*s[2])
			}
		}
	}
}
