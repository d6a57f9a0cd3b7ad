//go:build linux

package metalsim

import (
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"github.com/x448/float16"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

const (
	mpsFloat32 = 0x10000000 | 32
	mpsFloat16 = 0x10000000 | 16
)

// matrix describes an MPSMatrix. count 0 is 1.
type matrix struct {
	rows, columns, count, rowBytes, matrixBytes, offset uintptr
	kind                                                uint32
}

// matrix needs a pool.
func (p *program) matrix(buffer objc.ID, m matrix) objc.ID {
	class := p.runtime.Class("MPSMatrixDescriptor")
	var d objc.ID
	if m.count == 0 {
		d = p.send(class, "matrixDescriptorWithRows:columns:rowBytes:dataType:", m.rows, m.columns, m.rowBytes, uintptr(m.kind))
	} else {
		d = p.send(class, "matrixDescriptorWithRows:columns:matrices:rowBytes:matrixBytes:dataType:",
			m.rows, m.columns, m.count, m.rowBytes, m.matrixBytes, uintptr(m.kind))
	}
	o := p.send(p.runtime.Class("MPSMatrix"), "alloc")
	return p.own(p.send(o, "initWithBuffer:offset:descriptor:", uintptr(buffer), m.offset, uintptr(d)))
}

func (p *program) product(transposeLeft, transposeRight bool, rows, columns, interior uint, alpha, beta float64) objc.ID {
	o := p.send(p.runtime.Class("MPSMatrixMultiplication"), "alloc")
	const name = "initWithDevice:transposeLeft:transposeRight:resultRows:resultColumns:interiorColumns:alpha:beta:"
	return p.own(p.sendProduct(o, p.runtime.Sel(name), p.device, transposeLeft, transposeRight, rows, columns, interior, alpha, beta))
}

func (p *program) encodeProduct(product, commands, a, b, c objc.ID) {
	p.send(product, "encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:", uintptr(commands), uintptr(a), uintptr(b), uintptr(c))
}

// fill stores small whole numbers, which halves hold exactly, and returns them.
func (p *program) fill(buffer objc.ID, kind uint32, seed int) []float32 {
	bytes := p.floats(buffer)
	if kind == mpsFloat32 {
		for i := range bytes {
			bytes[i] = float32((i*7 + seed) % 5)
		}
		return bytes
	}
	halves := unsafe.Slice((*float16.Float16)(unsafe.Pointer(&bytes[0])), 2*len(bytes))
	out := make([]float32, len(halves))
	for i := range halves {
		out[i] = float32((i*7 + seed) % 5)
		halves[i] = float16.Fromfloat32(out[i])
	}
	return out
}

func (p *program) read(buffer objc.ID, kind uint32) []float32 {
	bytes := p.floats(buffer)
	if kind == mpsFloat32 {
		return bytes
	}
	var out []float32
	for _, h := range unsafe.Slice((*float16.Float16)(unsafe.Pointer(&bytes[0])), 2*len(bytes)) {
		out = append(out, h.Float32())
	}
	return out
}

// The products of the tests: 3x4x5, two in a batch, rows padded to 6 elements,
// from an offset of one row on.
const (
	rows, columns, interior = 3, 4, 5
	row, batch, perMatrix   = 6, 2, 6 * 6
)

// operands are A, B and C of a product, with the values that they started with.
type operands struct {
	transposed [3]bool
	buffers    [3]objc.ID
	matrices   [3]objc.ID
	values     [3][]float32
}

func (p *program) operands(kind uint32, transposed [3]bool) *operands {
	o := &operands{transposed: transposed}
	shapes := [3][2]uintptr{{rows, interior}, {interior, columns}, {rows, columns}}
	size := uintptr(kind&0xff) / 8
	for i, shape := range shapes {
		if transposed[i] {
			shape[0], shape[1] = shape[1], shape[0]
		}
		o.buffers[i] = p.buffer((row + batch*perMatrix) * size)
		o.values[i] = slices.Clone(p.fill(o.buffers[i], kind, i))
		o.matrices[i] = p.matrix(o.buffers[i], matrix{shape[0], shape[1], batch, row * size, perMatrix * size, row * size, kind})
	}
	return o
}

func (o *operands) at(operand, matrix, i, j int) float32 {
	if o.transposed[operand] {
		i, j = j, i
	}
	return o.values[operand][row+matrix*perMatrix+i*row+j]
}

// product returns what C's buffer holds after C = alpha*A*B + beta*C.
func (o *operands) product(alpha, beta float32) []float32 {
	want := slices.Clone(o.values[2])
	for b := range batch {
		for i := range rows {
			for j := range columns {
				sum := float32(0)
				for k := range interior {
					sum += o.at(0, b, i, k) * o.at(1, b, k, j)
				}
				want[row+b*perMatrix+i*row+j] = alpha*sum + beta*o.at(2, b, i, j)
			}
		}
	}
	return want
}

func TestProduct(t *testing.T) {
	for _, kind := range []uint32{mpsFloat32, mpsFloat16} {
		for _, transposed := range [][3]bool{{}, {true, false}, {false, true}, {true, true}} {
			p := start(t)
			p.runtime.Pool(func() {
				o := p.operands(kind, transposed)
				commands := p.retaining()
				product := p.product(transposed[0], transposed[1], rows, columns, interior, 0.5, 2)
				p.encodeProduct(product, commands, o.matrices[0], o.matrices[1], o.matrices[2])
				require.Empty(t, p.run(commands))
				require.Equal(t, o.product(0.5, 2), p.read(o.buffers[2], kind))
			})
		}
	}
}

// With beta 0 the old result is not read; batchStart and batchSize choose.
func TestProductOfPartOfABatch(t *testing.T) {
	p := start(t)
	a, c := p.buffer(3*4), p.buffer(3*4)
	copy(p.floats(a), []float32{2, 3, 4})
	nan := float32(math.NaN())
	copy(p.floats(c), []float32{nan, nan, 9})
	p.runtime.Pool(func() {
		layout := matrix{rows: 1, columns: 1, count: 3, rowBytes: 4, matrixBytes: 4, kind: mpsFloat32}
		x, z := p.matrix(a, layout), p.matrix(c, layout)
		product := p.product(false, false, 1, 1, 1, 1, 0)
		p.send(product, "setBatchStart:", 1)
		p.send(product, "setBatchSize:", 1)
		commands := p.retaining()
		p.encodeProduct(product, commands, x, x, z)
		require.Empty(t, p.run(commands))
	})
	got := p.floats(c)
	require.NotEqual(t, got[0], got[0])
	require.Equal(t, []float32{9, 9}, got[1:])
}

func TestSoftMax(t *testing.T) {
	p := start(t)
	x := p.buffer(2 * 4 * 4)
	copy(p.floats(x), []float32{0, 0, 0, 0, 1000, 0, -1000, 1000})
	p.runtime.Pool(func() {
		m := p.matrix(x, matrix{rows: 2, columns: 4, rowBytes: 16, kind: mpsFloat32})
		softmax := p.own(p.send(p.send(p.runtime.Class("MPSMatrixSoftMax"), "alloc"), "initWithDevice:", uintptr(p.device)))
		commands := p.retaining()
		p.send(softmax, "encodeToCommandBuffer:inputMatrix:resultMatrix:", uintptr(commands), uintptr(m), uintptr(m))
		require.Empty(t, p.run(commands))
	})
	require.Equal(t, []float32{0.25, 0.25, 0.25, 0.25, 0.5, 0, 0, 0.5}, p.floats(x))
}

func TestMatrixThatDoesNotFit(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() {
		class := p.runtime.Class("MPSMatrixDescriptor")
		require.Zero(t, p.send(class, "matrixDescriptorWithRows:columns:rowBytes:dataType:", 2, 3, 8, mpsFloat32))
		require.Len(t, p.sim.Violations(), 1)

		d := p.send(class, "matrixDescriptorWithRows:columns:rowBytes:dataType:", 2, 2, 8, mpsFloat32)
		o := p.send(p.runtime.Class("MPSMatrix"), "alloc")
		require.Zero(t, p.send(o, "initWithBuffer:offset:descriptor:", uintptr(p.buffer(16)), 4, uintptr(d)))
		require.Len(t, p.sim.Violations(), 1)
	})
}
