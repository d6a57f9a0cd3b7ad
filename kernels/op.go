package kernels

import "fmt"

// Op is an operation that jobs ask for.
type Op uint8

// The operations.
const (
	OpMatmul    Op = iota + 1 // C = alpha*op(A)*op(B) + beta*C + bias
	OpSoftmax                 // softmax over each row
	OpAttention               // softmax(scale*Q*Kt)*V for each head, as a chain of the others

	opEnd
)

// Ops counts the operations, from 0, which is none.
const Ops = int(opEnd)

func (o Op) String() string {
	switch o {
	case OpMatmul:
		return "matmul"
	case OpSoftmax:
		return "softmax"
	case OpAttention:
		return "attention"
	case opEnd:
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}
