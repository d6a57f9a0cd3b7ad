package kernels

import "fmt"

// Op is an operation that jobs ask for.
type Op uint8

// The operations.
const (
	OpMatmul  Op = iota + 1 // C = alpha*op(A)*op(B) + beta*C + bias
	OpSoftmax               // softmax over each row
)

func (o Op) String() string {
	switch o {
	case OpMatmul:
		return "matmul"
	case OpSoftmax:
		return "softmax"
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}
