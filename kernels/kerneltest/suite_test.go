package kerneltest

import (
	"math"
	"testing"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// TestPlainLoopsPass runs the suite on loops that anyone can read.
func TestPlainLoopsPass(t *testing.T) {
	catalog := kernels.Catalog{
		*kernels.Default.Find("matmul_mlx"), *kernels.Default.Find("matmul_smalln_n2"),
		*kernels.Default.Find("matmul_mps"), *kernels.Default.Find("softmax_vec"),
	}
	Exercise(t, Implementation{
		Catalog: catalog, Caps: kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1, VendorHelp: "none"},
		Matmul:  func(_ testing.TB, _ kernels.Key, m *Matmul) { plainMatmul(m) },
		Softmax: func(_ testing.TB, _ kernels.Key, s *Softmax) { plainSoftmax(s) },
	})
}

func plainMatmul(m *Matmul) {
	m.C.each(func(b, i, j int) {
		r, within := m.run(j)
		var sum float32
		if r.Alpha != 0 {
			for k := range m.Shape.K {
				sum += m.A.View.Value(b, i, k) * m.B.View.Value(b, k, j)
			}
			sum *= r.Alpha
		}
		if r.Beta != 0 {
			sum += r.Beta * m.C.View.Value(b, i, j)
		}
		if r.Bias >= 0 {
			sum += m.Biases[r.Bias].View.Value(0, i, within)
		}
		m.C.View.SetValue(b, i, j, sum)
	})
}

func plainSoftmax(s *Softmax) {
	rows := s.X.View.Rows()
	for r := range s.X.View.Matrices() * rows {
		b, i := r/rows, r%rows
		cols, attended := s.row(r)
		m, sum := float32(math.Inf(-1)), 0.0
		for j := range attended {
			m = max(m, s.X.View.Value(b, i, j))
		}
		for j := range attended {
			sum += math.Exp(float64(s.X.View.Value(b, i, j) - m))
		}
		for j := range cols {
			var y float64
			if j < attended {
				y = math.Exp(float64(s.X.View.Value(b, i, j)-m)) / sum
			}
			s.Y.View.SetValue(b, i, j, float32(y))
		}
	}
}
