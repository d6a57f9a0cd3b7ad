package suite

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Matmul is C = Alpha*op(A)*op(B) + Beta*C + bias for Batch matrices of M x K
// times K x N, all of one type.
type Matmul struct {
	Op             string // what a model has it for, if it is from one
	Batch, M, K, N int
	DType          tensor.DType
	TransA, TransB bool
	Bias           bool
	Alpha, Beta    float32
	// Loaded says which side is a loaded operand: "a", "b" or "none".
	Loaded string
	// Jobs is how many jobs its columns are divided among, each of N/Jobs; 0
	// and 1 mean one job.
	Jobs int
}

// Ops implements Work.
func (Matmul) Ops() []kernels.Op { return []kernels.Op{kernels.OpMatmul} }

// Parts implements Work. What most have alike is left out.
func (m Matmul) Parts() []Part {
	var parts []Part
	add := func(unusual bool, key string, value any) {
		if unusual {
			parts = append(parts, part(key, value))
		}
	}
	add(m.Op != "", "op", m.Op)
	add(m.Batch != 1, "batch", m.Batch)
	add(true, "m", m.M)
	add(true, "k", m.K)
	add(true, "n", m.N)
	add(true, "dtype", m.DType)
	add(m.TransA, "transa", m.TransA)
	add(m.TransB, "transb", m.TransB)
	add(m.Bias, "bias", m.Bias)
	scaled := m.Alpha != 1 || m.Beta != 0
	add(scaled, "alpha", m.Alpha)
	add(scaled, "beta", m.Beta)
	add(true, "loaded", m.Loaded)
	add(m.Jobs > 1, "jobs", m.Jobs)
	return parts
}

// elements returns the sizes of A, B and C.
func (m Matmul) elements() (a, b, c int64) {
	batch, rows, k, cols := int64(m.Batch), int64(m.M), int64(m.K), int64(m.N)
	return batch * rows * k, batch * k * cols, batch * rows * cols
}

// Flops implements Work: a multiplication and an addition for each element of
// A and column of B.
func (m Matmul) Flops() float64 {
	a, _, _ := m.elements()
	return 2 * float64(a) * float64(m.N)
}

// Bytes implements Work: A and B are read once, C is written and, with a Beta,
// read.
func (m Matmul) Bytes() float64 {
	a, b, c := m.elements()
	if m.Beta != 0 {
		c *= 2
	}
	if m.Bias {
		c += int64(m.N)
	}
	return float64(a+b+c) * float64(m.DType.Size())
}

// Memory implements Work: everything once on the host and once on the device.
func (m Matmul) Memory() int64 {
	a, b, c := m.elements()
	return 2 * (a + b + c) * int64(m.DType.Size())
}
