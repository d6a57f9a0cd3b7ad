package job

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Job is a Matmul, a Softmax or an Attention, by pointer. It is read during Submit only: the
// same struct may be changed and submitted again as soon as Submit returns.
// The memory behind its views belongs to the job until it ends.
type Job interface {
	// Arrange checks the job and writes it in the form that kernels take.
	// Nothing behind its views is read or written.
	Arrange(f *Form, orient Orient) error
	options() *Options
}

// Orient decides whether a product is taken as its mirror image.
type Orient func(aLoaded, bLoaded bool) (mirror bool, reason string)

// OptionsOf returns the options of a job, the zero Options for a nil pointer.
func OptionsOf(j Job) *Options { return j.options() }

// Form is a checked job, after orientation: C = alpha*A*B + beta*C + bias with
// transposes in the strides and every operand of the same batch. For a
// softmax A holds the rows and C takes the results; for an attention A, B and
// Bias hold Q, K and V.
type Form struct {
	Problem     kernels.Problem
	A, B, C     tensor.View
	Bias        tensor.View // zero, or as large as C with one stride of 0
	Alpha, Beta float32     // Alpha is an attention's scale
	QueryOffset int         // softmax, attention
	Orientation string
}

// InPlace reports whether a softmax overwrites its own rows.
func (f *Form) InPlace() bool {
	return f.Problem.Op == kernels.OpSoftmax && f.A.Pointer() == f.C.Pointer()
}

// ReadsC reports whether the result depends on what C holds before.
func (f *Form) ReadsC() bool { return f.Problem.BetaNonZero || f.InPlace() }

// Units is how many pieces the job can be cut into: the matrices of a batched
// one, else the columns of a product or the rows of a softmax; the K/V heads of
// an attention. One without results has none, whatever its dimensions.
func (f *Form) Units() int {
	s := &f.Problem.Shape
	switch {
	case f.Problem.Op == kernels.OpAttention:
		if s.M == 0 || f.Problem.ValueCols == 0 {
			return 0
		}
		return s.Batch
	case s.Batch == 0 || s.M == 0 || s.N == 0:
		return 0
	case s.Batch != 1:
		return s.Batch
	case f.Problem.Op == kernels.OpSoftmax:
		return s.M
	default:
		return s.N
	}
}

// Volume returns the bytes that the job's activations and result occupy, for
// admission. Loaded operands are not counted: they are there anyway.
func (f *Form) Volume() int64 {
	n := volume(&f.A) + volume(&f.B) + volume(&f.C)
	if f.Problem.Op == kernels.OpAttention {
		n += volume(&f.Bias)
	}
	return n
}

func volume(v *tensor.View) int64 {
	if v.Resident() != nil || v.IsZero() {
		return 0
	}
	const most = math.MaxInt64 / 4 // the sum of four still fits
	n := int64(v.Len())
	if n > most/8 { // strides of 0: more than any memory holds
		return most
	}
	return n * int64(v.DType().Size())
}

func checkView(field string, v *tensor.View) error {
	if err := v.Err(); err != nil {
		return &InvalidError{Field: field, Cause: err}
	}
	if v.IsZero() {
		return invalid(field, "a view over memory", "missing")
	}
	if v.Base() == nil && v.Len() > 0 && v.Resident() == nil {
		return invalid(field, "memory that the host can address", "a view of other memory")
	}
	return nil
}

// checkResult refuses views that cannot hold a result.
func checkResult(field string, v *tensor.View) error {
	if err := checkView(field, v); err != nil {
		return err
	}
	if v.Resident() != nil {
		return invalid(field, "memory of the caller", "a loaded operand")
	}
	if v.RepeatsElements() {
		return invalid(field, "strides that name every element once", "strides %v for shape %v", v.Strides(), v.Dims())
	}
	return nil
}
