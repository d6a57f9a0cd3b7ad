package kernels

import "fmt"

// Shape is the size of an operation. A matmul multiplies Batch pairs of
// M x K and K x N matrices; a softmax covers Batch*M rows of N columns (K is
// 0).
type Shape struct {
	Batch, M, N, K int
}

func (s Shape) String() string {
	if s.K == 0 && s.Batch == 1 {
		return fmt.Sprintf("%dx%d", s.M, s.N)
	}
	if s.Batch == 1 {
		return fmt.Sprintf("%dx%dx%d", s.M, s.K, s.N)
	}
	if s.K == 0 {
		return fmt.Sprintf("%d*%dx%d", s.Batch, s.M, s.N)
	}
	return fmt.Sprintf("%d*%dx%dx%d", s.Batch, s.M, s.K, s.N)
}

// Mirror returns the shape of the transposed product: Ct = Bt At.
func (s Shape) Mirror() Shape {
	s.M, s.N = s.N, s.M
	return s
}
