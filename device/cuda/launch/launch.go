package launch

import (
	"fmt"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// Launch is one start of a kernel: the buffers and the tables that it reads,
// and its grid. C alone is written; where it is scaled it is read as well. The
// memory belongs to the Launch until it is used again.
type Launch struct {
	// GPU must be set.
	GPU GPU

	Entry   string
	A, B, C device.Buffer // a softmax reads A and writes C, a copy likewise
	Bias    device.Buffer // nil for none
	// Runs and Biases are tables for the GPU's memory; without them the
	// parameter has all there is.
	Runs, Biases []byte
	// Maps are those of A and B. Whoever starts the kernel has them encoded, or
	// sets one to nothing.
	Maps   [2]Map
	Mapped bool // the kernel takes maps
	Grid   Grid
	Shared int // bytes of dynamic shared memory

	product   gpu.Product
	rows      gpu.Rows
	copying   gpu.Copying
	merged    []shaders.ColumnRun
	parameter parameter
}

// Encoded is a map as the driver writes it.
type Encoded [16]uint64

// The bits of A's ways in bulk.cu; B's are the next two.
const bulk, turned = 1, 2

// Encoded is where the map of A (0) or B (1) goes.
func (l *Launch) Encoded(operand int) *Encoded { return &l.parameter.product.maps[operand] }

// ways says which operands have maps, and which of them are turned.
func (l *Launch) ways() (ways uint32) {
	for i, m := range l.Maps {
		if m.Used {
			ways |= bulk << (2 * i)
		}
		if m.Used && m.Turned {
			ways |= turned << (2 * i)
		}
	}
	return ways
}

// Addresses are where the things of a Launch are in the GPU's memory.
type Addresses struct{ A, B, C, Runs, Biases, Bias uint64 }

// parameter has what the kernels take, in the layouts of prelude.cu, rows.cu
// and copy.cu.
type parameter struct {
	product struct {
		a, b, c, runs, biases, bias uint64
		args                        shaders.MatmulArguments
		only                        shaders.ColumnRun
		ways, _                     uint32     // of mapped products, as what follows
		maps                        [2]Encoded // A, B
	}
	softmax struct {
		x, y, runs uint64
		args       shaders.SoftmaxArguments
		only       shaders.RowRun
	}
	copying struct {
		src, dst uint64
		args     shaders.CopyArguments
	}
}

// Parameter returns the kernel's parameter. It is the Launch's own.
func (l *Launch) Parameter(at Addresses) unsafe.Pointer {
	p := &l.parameter
	switch {
	case l.Entry == copyEntry:
		p.copying.src, p.copying.dst, p.copying.args = at.A, at.C, l.copying.Arguments
		return unsafe.Pointer(&p.copying)
	case l.B == nil:
		s := &p.softmax
		s.x, s.y, s.runs, s.args = at.A, at.C, at.Runs, l.rows.Arguments
		s.only = l.rows.Runs[0]
		return unsafe.Pointer(s)
	}
	m := &p.product
	m.a, m.b, m.c, m.runs, m.biases, m.bias = at.A, at.B, at.C, at.Runs, at.Biases, at.Bias
	m.args, m.only = l.product.Arguments, l.merged[0]
	m.args.Runs, m.ways = uint32(len(l.merged)), l.ways()
	return unsafe.Pointer(m)
}

// Dispatch describes the start of a dispatch with the pipeline of a key. empty
// means that there is nothing to start. An error says what does not fit.
func (l *Launch) Dispatch(key kernels.Key, d *device.Dispatch) (empty bool, err error) {
	e, ok := table[key.Kernel]
	l.Entry, l.Shared, l.Mapped = key.Kernel, 0, false
	switch {
	case !ok:
		return false, fmt.Errorf("kernel %q: %w", key.Kernel, device.ErrUnsupported)
	case (d.Matmul != nil) != (e.tile != nil) || (d.Softmax != nil) != (e.softmax != nil):
		return false, fmt.Errorf("bindings that are not the kernel's: matmul %t, softmax %t", d.Matmul != nil, d.Softmax != nil)
	case d.Matmul != nil:
		empty, err = l.matmul(key, e, d.Matmul)
	default:
		empty, err = l.softmax(key, e, d.Softmax)
	}
	if err == nil && !empty {
		err = l.Grid.fits()
	}
	return empty, err
}

func (l *Launch) matmul(key kernels.Key, e entry, m *device.Matmul) (empty bool, err error) {
	p := &l.product
	if err := p.Bind(key, m); err != nil || p.Empty() {
		return true, err
	}
	t := e.tile(key, &p.Arguments, l.GPU)
	l.Entry, l.Shared, l.Grid = t.entry, t.shared, t.grid(&p.Arguments, l.GPU)
	l.mapBoth(e, t, &p.Arguments)
	l.A, l.B, l.C, l.Bias = p.A, p.B, p.C, p.Bias
	l.merged = merge(l.merged[:0], p.Runs, m.Runs)
	l.Runs, l.Biases = nil, bytesOfAll(p.Biases)
	if len(l.merged) > 1 {
		l.Runs = bytesOfAll(l.merged)
	}
	return false, nil
}

// mapBoth describes A and B to the bulk copy engine. A turned B must fill
// boxes, which those of small-N kernels do not.
func (l *Launch) mapBoth(e entry, t tile, args *shaders.MatmulArguments) {
	l.Mapped, l.Maps = t.mapped, [2]Map{}
	if !t.mapped {
		return
	}
	if t.single {
		l.Maps[0] = mapOfSingles(args, t.height)
		return
	}
	l.Maps[0] = mapOf(&args.A, args.A.Row, args.A.Col, args.M, args.K, args.Batches, t.height)
	l.Maps[1] = mapOf(&args.B, args.B.Col, args.B.Row, args.N, args.K, args.Batches, t.width)
	if l.Maps[1].Turned && e.file == "smalln" {
		l.Maps[1] = Map{}
	}
}

// merge leaves out empty runs, and those that have the factors of the one
// before and no bias: many jobs together are often alike.
func merge(to, all []shaders.ColumnRun, runs []device.Run) []shaders.ColumnRun {
	for i, r := range all {
		if runs[i].Columns == 0 {
			continue
		}
		if n := len(to); n > 0 && r.Bias < 0 && to[n-1].Bias < 0 && r.Alpha == to[n-1].Alpha && r.Beta == to[n-1].Beta {
			continue
		}
		to = append(to, r)
	}
	return to
}

func (l *Launch) softmax(key kernels.Key, e entry, s *device.Softmax) (empty bool, err error) {
	r := &l.rows
	if err := r.Bind(key, s); err != nil || r.Empty() {
		return true, err
	}
	l.A, l.B, l.C, l.Bias = r.X, nil, r.Y, nil
	l.Runs, l.Biases = nil, nil
	if len(r.Runs) > 1 {
		l.Runs = bytesOfAll(r.Runs)
	}
	l.Grid, err = e.softmax(key, &r.Arguments)
	return false, err
}

// Copy describes the start of a copy between buffers.
func (l *Launch) Copy(copied *device.Copy) (empty bool, err error) {
	c := &l.copying
	l.Entry, l.Shared, l.Mapped = copyEntry, 0, false
	if err := c.Bind(copied); err != nil || c.Empty() {
		return true, err
	}
	l.A, l.B, l.C, l.Bias = c.Src, nil, c.Dst, nil
	l.Grid = copyGrid(&c.Arguments)
	l.Runs, l.Biases = nil, nil
	return false, l.Grid.fits()
}

// The most blocks that CUDA allows in x, and in y and z.
const mostBlocks, mostMatrices = 1<<31 - 1, 65535

func (g Grid) fits() error {
	if g.Blocks[0] > mostBlocks || g.Blocks[2] > mostMatrices {
		return fmt.Errorf("%d blocks of %d matrices; allowed are %d of %d", g.Blocks[0], g.Blocks[2], mostBlocks, mostMatrices)
	}
	return nil
}

func bytesOfAll[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}
