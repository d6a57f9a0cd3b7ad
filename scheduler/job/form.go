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
// admission, and those of the scores that an attention cannot do without.
// Loaded operands are not counted: they are there anyway.
func (f *Form) Volume() int64 {
	n := volume(&f.A) + volume(&f.B) + volume(&f.C)
	if f.Problem.Op == kernels.OpAttention {
		n += volume(&f.Bias) + f.scores()
	}
	return n
}

// mostVolume is more than any memory holds: the sum of five still fits.
const mostVolume = math.MaxInt64 / 6

// scores returns the bytes of the scores of one query row of one K/V head, the
// least that is computed at a time. Keys that are loaded may repeat by a stride
// of 0, so nothing else bounds them.
func (f *Form) scores() int64 {
	const size = 4 // of a float32
	return int64(min(float64(f.Problem.Group)*float64(f.Problem.Shape.N)*size, mostVolume))
}

func volume(v *tensor.View) int64 {
	if v.Resident() != nil || v.IsZero() {
		return 0
	}
	n := int64(v.Len())
	if n > mostVolume/8 { // strides of 0
		return mostVolume
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
