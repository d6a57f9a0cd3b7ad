package launch

import "github.com/metallic-sched/metallic-sched/shaders"

// Map describes an operand of 16-bit floats, or of f32 as twice as many, to the bulk copy engine, which
// brings boxes of it to shared memory. The zero Map is for an operand that it
// cannot read.
type Map struct {
	Used    bool
	Needed  bool      // the kernel has no other way to read it
	Turned  bool      // neighbours are along M or N, not K
	First   int       // bytes from the buffer's first to the operand's
	Dims    [3]uint64 // along the neighbours, across them, matrices
	Strides [2]uint64 // bytes from one to the next, across the neighbours and of matrices
	Box     [3]uint32
}

const (
	elementSize = 2
	fitting     = 16 / elementSize // of what the engine wants to be a multiple
	boxSide     = 64               // neighbours in a box: the lines are of 128 bytes
	mostStride  = 1 << 40 / elementSize
)

// mapOf returns the map of A or B, which has so many sides (rows of A, columns
// of B), of which lines are in a tile.
func mapOf(m *shaders.Matrix, across, along int64, sides, k, batches uint32, lines int) Map {
	if sides == 1 {
		across = int64(ceil(k, fitting) * fitting)
	}
	if along != 1 && k == 1 && across == 1 {
		along = int64(ceil(sides, fitting) * fitting)
	}
	x := Map{
		Used: true, Turned: along != 1, First: int(m.Offset) * elementSize,
		Dims: [3]uint64{uint64(k), uint64(sides), uint64(batches)}, Box: [3]uint32{boxSide, uint32(lines), 1},
	}
	stride, matrix := across, m.Batch
	if x.Turned {
		stride, x.Dims[0], x.Dims[1], x.Box[1] = along, uint64(sides), uint64(k), boxSide
	}
	if batches == 1 || matrix == 0 {
		x.Dims[2], matrix = 1, stride
	}
	if k == 0 || x.Turned && across != 1 || m.Offset%fitting != 0 || !fit(stride) || !fit(matrix) {
		return Map{}
	}
	x.Strides = [2]uint64{uint64(stride) * elementSize, uint64(matrix) * elementSize}
	return x
}

func fit(stride int64) bool { return stride > 0 && stride%fitting == 0 && stride < mostStride }
