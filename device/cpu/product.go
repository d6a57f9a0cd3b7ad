package cpu

import (
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// What one thread does in a nanosecond, roughly.
var macRate = [...]float64{cpu.Portable: 3, cpu.AVX2: 20, cpu.AVX512: 40}[cpu.Best()] // multiplications with addition

const (
	outputRate = 0.5 // elements of C
	readRate   = 20  // bytes of A, if that takes longer than the multiplications
)

// product computes a matmul dispatch in blocks of rows x cols.
type product struct {
	line         *pipeline
	p            cpu.Product
	matrices     int
	rows, cols   int
	down, across int // blocks of one matrix
}

// productID gives every product a number of its own.
var productID atomic.Uint64

func (p *plan) addProduct(line *pipeline, m *device.Matmul) {
	first := len(p.runs)
	for _, r := range m.Runs {
		run := cpu.Run{Columns: r.Columns, Alpha: r.Alpha, Beta: r.Beta}
		if r.Bias >= 0 {
			run.Bias = mat(m.Biases[r.Bias].View)
		}
		p.runs = append(p.runs, run)
	}
	s := m.Shape
	p.products = append(p.products, product{
		line: line, matrices: s.Batch,
		p: cpu.Product{
			M: s.M, N: s.N, K: s.K,
			A: mat(m.A.View), B: mat(m.B.View), C: mat(m.C.View),
			Runs:   p.runs[first:len(p.runs):len(p.runs)],
			Panels: panelsOf(&m.A, s.M), ID: productID.Add(1),
		},
	})
	p.time += p.products[len(p.products)-1].time()
}

// mat describes a view as kernels take it. One matrix stands for all.
func mat(v tensor.View) cpu.Mat {
	s := v.Strides()
	if v.Matrices() == 1 {
		s[0] = 0
	}
	return cpu.Mat{Ptr: v.Pointer(), Type: v.DType(), BS: s[0], RS: s[1], CS: s[2]}
}

func (p *product) kernel() string { return p.line.key.Kernel }

func (p *product) time() time.Duration {
	rows := float64(p.matrices) * float64(p.p.M)
	outputs, elements := rows*float64(p.p.N), rows*float64(p.p.K)
	multiplying := atRate(outputs*float64(p.p.K), macRate)
	reading := atRate(elements*float64(p.p.A.Type.Size()), readRate)
	return max(multiplying, reading) + atRate(outputs, outputRate)
}

// split starts from the kernel's favourite block and makes it lower, and then
// narrower, while threads would be idle.
func (p *product) split(threads int) int {
	k := p.line.matmul
	p.rows, p.cols = p.p.M, p.p.N
	if threads > 1 && p.line.vendor == nil {
		most := min(4*threads, int(p.time()/blockTime)+1)
		p.rows, p.cols = k.Rows, k.Cols
		for p.count() < most && p.rows > k.Step {
			p.rows = ceil(p.rows/2, k.Step) * k.Step
		}
		for p.count() < most && p.cols > leastWidth {
			p.cols /= 2
		}
	}
	return p.count()
}

// leastWidth is the columns that reading a part of A is still worth.
const leastWidth = 64

// count sets the grid of blocks and returns its size.
func (p *product) count() int {
	if p.matrices == 0 || p.p.M == 0 || p.p.N == 0 {
		return 0
	}
	p.down, p.across = ceil(p.p.M, p.rows), ceil(p.p.N, p.cols)
	return p.matrices * p.down * p.across
}

func (p *product) compute(s *cpu.Scratch, block int) {
	matrix, block := block/(p.down*p.across), block%(p.down*p.across)
	if p.line.vendor != nil {
		p.line.vendor.compute(s, &p.p, matrix)
		return
	}
	m, n := block/p.across*p.rows, block%p.across*p.cols
	p.line.matmul.Compute(s, &p.p, cpu.Block{
		Matrix: matrix,
		M0:     m, M1: min(m+p.rows, p.p.M),
		N0: n, N1: min(n+p.cols, p.p.N),
	})
}
