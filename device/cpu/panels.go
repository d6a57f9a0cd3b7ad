package cpu

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// worthPanels is the size in bytes from which a matrix is packed: a smaller
// one stays in a core's own cache anyway.
const worthPanels = 64 << 10

// prepared is a matrix that dispatches will multiply with: row-major and
// compact in its buffer, and packed in others, as it is and as its transpose.
type prepared struct {
	view       tensor.View
	panels     *panels // nil: there was no memory
	once       sync.Once
	transposed atomic.Pointer[panels]
}

// panels is a matrix, or its transpose, in the layout of small-N kernels.
type panels struct {
	buffer        device.Buffer
	rows, cols    int
	stride, batch int // bytes from panel to panel and from matrix to matrix
}

// Prepare implements device.Preparer: small-N kernels will find v in panels.
// Its transpose is packed when it is first multiplied with.
func (b *buffer) Prepare(v tensor.View) {
	if !cpu.HasPanels() || b.prepared != nil || v.Len()*v.DType().Size() < worthPanels || v.Strides() != tensor.Compact(v.Dims()) {
		return
	}
	b.prepared = &prepared{view: v, panels: b.pack(v)}
}

// pack returns the panels of v, nil if there is no memory or they would take
// too much.
func (b *buffer) pack(v tensor.View) *panels {
	p := &panels{rows: v.Rows(), cols: v.Cols(), stride: cpu.PanelBytes(v.DType(), v.Cols())}
	p.batch = p.perMatrix() * p.stride
	// An original of almost any size fits, but not a few rows made 48.
	if p.batch/2 > p.rows*p.cols*v.DType().Size() {
		return nil
	}
	var err error
	if p.buffer, err = b.device.Alloc(device.SpaceDevice, v.Matrices()*p.batch); err != nil {
		return nil // then the kernels read the original
	}
	p.fill(mat(v), v.Matrices(), b.device.info.Threads)
	return p
}

func (p *panels) perMatrix() int { return ceil(p.rows, cpu.PanelRows) }

// fill packs with so many goroutines.
func (p *panels) fill(a cpu.Mat, matrices, threads int) {
	var next atomic.Int64
	var all sync.WaitGroup
	total := matrices * p.perMatrix()
	for range min(threads, total) {
		all.Go(func() {
			for i := int(next.Add(1) - 1); i < total; i = int(next.Add(1) - 1) {
				p.pack(a, i)
			}
		})
	}
	all.Wait()
}

// pack packs panel i, counted over all matrices.
func (p *panels) pack(a cpu.Mat, i int) {
	row := i % p.perMatrix() * cpu.PanelRows
	panel := unsafe.Add(p.buffer.Pointer(), i*p.stride)
	rows := min(cpu.PanelRows, p.rows-row)
	cpu.PackPanel(panel, from(a, i/p.perMatrix(), row, 0), rows, p.cols)
}

// free gives back what was packed.
func (p *prepared) free() {
	for _, packed := range []*panels{p.panels, p.transposed.Load()} {
		if packed != nil {
			packed.buffer.Free()
		}
	}
}

// panelsOf returns the panels of m rows of a prepared matrix or of its
// transpose, if a is that.
func panelsOf(a *device.Region, m int) (found cpu.Panels) {
	b, ok := a.Buffer.(*buffer)
	if !ok || b.prepared == nil || a.View.Len() == 0 || a.View.DType() != b.prepared.view.DType() {
		return found
	}
	p, s := b.prepared, a.View.Strides()
	ld := p.view.Cols()
	switch {
	case s[2] == 1 && (s[1] == ld || m == 1):
		return p.find(p.panels, a.View, m)
	case s[2] == ld && (s[1] == 1 || m == 1):
		p.once.Do(func() { p.transposed.Store(b.pack(p.view.T())) })
		return p.find(p.transposed.Load(), a.View, m)
	}
	return found
}

// find looks m rows up in panels: whole columns or some of them, of one matrix
// or of as many as there are.
func (p *prepared) find(in *panels, v tensor.View, m int) (found cpu.Panels) {
	at, one := v.Offset()-p.view.Offset(), p.view.Rows()*p.view.Cols()
	if in == nil || at < 0 || at/one >= p.view.Matrices() {
		return found
	}
	matrix, row, col := at/one, at%one/p.view.Cols(), at%p.view.Cols()
	if v.Strides()[2] != 1 {
		row, col = col, row
	}
	if row+m > in.rows || col+v.Cols() > in.cols || col%2 != 0 {
		return found
	}
	if v.Matrices() > 1 && v.Strides()[0] != 0 {
		if v.Strides()[0] != one {
			return found
		}
		found.BS = in.batch
	}
	found.Ptr = unsafe.Add(in.buffer.Pointer(), matrix*in.batch+row/cpu.PanelRows*in.stride+cpu.PanelBytes(v.DType(), col))
	found.Row, found.Stride = row%cpu.PanelRows, in.stride
	return found
}
