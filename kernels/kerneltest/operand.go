package kerneltest

import (
	"bytes"
	"fmt"
	"slices"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// guard is the number of elements before and after a matrix that nobody may
// touch.
const guard = 16

// Operand is a view over memory of its own, with guard words around it. A
// device that cannot compute on host memory copies Memory there and back,
// guards and gaps included.
type Operand struct {
	View   tensor.View
	Memory []byte
	before []byte // Memory as it was when the case was sealed
}

// NewOperand makes an operand filled with NaNs. With shared one matrix stands
// for all of the batch, by a stride of 0.
func NewOperand(dt tensor.DType, d tensor.Dims, l Layout, shared bool) *Operand {
	strides := l.strides(d)
	if shared {
		strides[0] = 0
	}
	return newStrided(dt, d, strides)
}

func newStrided(dt tensor.DType, d, strides tensor.Dims) *Operand {
	last := 0
	for i, s := range strides {
		last += max(d[i]-1, 0) * s
	}
	words := make([]uint32, (last+1+2*guard)*dt.Size()/4+1)
	base := unsafe.Pointer(unsafe.SliceData(words))
	o := &Operand{
		View:   tensor.Window(base, 4*len(words), dt, d, strides, guard),
		Memory: unsafe.Slice((*byte)(base), 4*len(words)),
	}
	for i := range o.Memory {
		o.Memory[i] = 0xff // a NaN in every type
	}
	return o
}

// Fill sets every element, in the order of the indices.
func (o *Operand) Fill(value func(b, i, j int) float32) {
	o.each(func(b, i, j int) { o.View.SetValue(b, i, j, value(b, i, j)) })
}

// Bits returns the bits of one element.
func (o *Operand) Bits(b, i, j int) uint32 {
	at := o.at(b, i, j)
	if o.View.DType() == tensor.F32 {
		return *(*uint32)(unsafe.Pointer(&o.Memory[at]))
	}
	return uint32(*(*uint16)(unsafe.Pointer(&o.Memory[at])))
}

// at returns where an element starts in Memory.
func (o *Operand) at(b, i, j int) int {
	s := o.View.Strides()
	return (o.View.Offset() + b*s[0] + i*s[1] + j*s[2]) * o.View.DType().Size()
}

// Seal remembers the memory as it is, for Changed.
func (o *Operand) Seal() { o.before = slices.Clone(o.Memory) }

// Changed returns an error if memory has changed since Seal other than in the
// elements that mine names; nil names none.
func (o *Operand) Changed(mine func(b, i, j int) bool) error {
	expected := slices.Clone(o.before)
	if mine != nil {
		o.each(func(b, i, j int) {
			if mine(b, i, j) {
				at := o.at(b, i, j)
				copy(expected[at:at+o.View.DType().Size()], o.Memory[at:])
			}
		})
	}
	if bytes.Equal(expected, o.Memory) {
		return nil
	}
	for i := range expected {
		if expected[i] != o.Memory[i] {
			size := o.View.DType().Size()
			return fmt.Errorf("memory element %d of %d changed; the view starts at %d with dims %v, strides %v",
				i/size, len(expected)/size, o.View.Offset(), o.View.Dims(), o.View.Strides())
		}
	}
	return nil
}

// values returns every element, in the order of the indices.
func (o *Operand) values() []float64 {
	values := make([]float64, 0, o.View.Len())
	o.each(func(b, i, j int) { values = append(values, float64(o.View.Value(b, i, j))) })
	return values
}

func (o *Operand) each(visit func(b, i, j int)) {
	d := o.View.Dims()
	for b := range d[0] {
		for i := range d[1] {
			for j := range d[2] {
				visit(b, i, j)
			}
		}
	}
}
