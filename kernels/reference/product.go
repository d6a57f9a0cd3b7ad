package reference

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Product is one product alpha*A*B + beta*C + bias of views that the host can
// read, as they are after their transposes.
type Product struct {
	A, B        tensor.View // one matrix may stand for a whole batch
	Alpha, Beta float32
}

// At returns element (b, i, j). c and bias are what C held before and what is
// added there; with a Beta of 0 c does not count.
func (p *Product) At(b, i, j int, c, bias float32) Value {
	k, sum, size := p.A.Cols(), 0.0, 0.0
	left, right := min(b, p.A.Matrices()-1), min(b, p.B.Matrices()-1)
	for n := range k {
		term := float64(p.A.Value(left, i, n)) * float64(p.B.Value(right, n, j))
		sum += term
		size += math.Abs(term)
	}
	alpha := float64(p.Alpha)
	sum, size = alpha*sum+float64(bias), math.Abs(alpha)*size+math.Abs(float64(bias))
	if p.Beta != 0 {
		sum += float64(p.Beta) * float64(c)
		size += math.Abs(float64(p.Beta) * float64(c))
	}
	terms := float64(k + 4)
	return Value{sum, unit*terms*size + terms*max(1, math.Abs(alpha))*tiny}
}
