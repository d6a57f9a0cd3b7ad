package policy

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TypesError says that a product of these element types is not defined.
type TypesError struct {
	A, B, C tensor.DType // after orientation
}

func (e *TypesError) Error() string {
	return fmt.Sprintf("policy: a product of A %v and B %v into C %v is not legal; "+
		"legal are A and B both f32, f16 or bf16, or A (the weights) f16 or bf16 with B f32; "+
		"C has the type of B or is f32", e.A, e.B, e.C)
}

// CheckTypes checks the element types of a product after orientation: A and B
// have one type, or A is f16 or bf16 and B f32; C has the type of B or is f32.
// The error is a *TypesError.
func CheckTypes(a, b, c tensor.DType) error {
	operands := a == b || b == tensor.F32
	result := c == b || c == tensor.F32
	if !a.Valid() || !b.Valid() || !operands || !result {
		return &TypesError{A: a, B: b, C: c}
	}
	return nil
}
