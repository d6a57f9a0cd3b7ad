package loadtest

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Kind is one sort of job of a load: what it computes, for whom, how urgent it
// is and what goes wrong with it.
type Kind struct {
	Name    string
	Softmax bool // neither: a product
	// Attention has Heads of M rows, over N keys of K columns and values of Values
	// columns of Batch K/V heads.
	Attention     bool
	Heads, Values int
	// Batch matrices of M x K times K x N, or of M rows of N columns.
	Batch, M, N, K int
	// The types of A, B and C; of a softmax A counts, of an attention A and C.
	A, B, C        tensor.DType
	TransA, TransB bool
	Bias           bool
	// Loaded says which side of a product is a loaded operand: "a", "b" or
	// "none". Operands is how many of them jobs choose from.
	Loaded   string
	Operands int
	Causal   bool
	Offset   int // with Causal: the position of the first row

	Share    float64 // of the jobs, relative to the other kinds
	Tenants  []string
	Priority job.Priority
	Deadline time.Duration // after the job was due; 0 for none

	// Rates from 0 to 1: of jobs that are cancelled within CancelAfter; that
	// have a NaN in their own input, which must not reach others; and that are
	// malformed, which must be refused.
	Cancel      float64
	CancelAfter time.Duration
	Poison      float64
	Invalid     float64
}

// work is what a job computes, in floating-point operations.
func (k *Kind) work() float64 {
	size := float64(k.Batch) * float64(k.M) * float64(k.N)
	switch {
	case k.Softmax:
		return 5 * size
	case k.Attention:
		return float64(k.Heads) * float64(k.M) * float64(k.N) * (2*float64(k.K+k.Values) + 5)
	}
	return 2 * size * float64(k.K)
}

// result returns the size of a job's result.
func (k *Kind) result() tensor.Dims {
	if k.Attention {
		return tensor.Dims{k.Heads, k.M, k.Values}
	}
	return tensor.Dims{k.Batch, k.M, k.N}
}

// newKind returns a kind with every default.
func newKind() Kind {
	return Kind{
		Batch: 1, N: 1, A: tensor.F32, B: tensor.F32, C: tensor.F32,
		Loaded: "a", Operands: 1, Share: 1, Tenants: []string{""}, CancelAfter: time.Millisecond,
	}
}

const maxElements = 1 << 31

// check returns what is wrong with a kind.
func (k *Kind) check() error {
	for _, d := range []struct {
		name  string
		value int
		least int
	}{{"batch", k.Batch, 1}, {"m", k.M, 1}, {"n", k.N, 1}, {"k", k.K, 0}, {"operands", k.Operands, 1}, {"heads", k.Heads, 0}, {"values", k.Values, 0}} {
		if d.value < d.least || d.value > 1<<24 {
			return fmt.Errorf("%s is %d; allowed: %d to %d", d.name, d.value, d.least, 1<<24)
		}
	}
	for _, e := range [][2]int{{k.M, k.N}, {k.M, k.K}, {k.K, k.N}, {k.N, k.Values}, {k.M, k.Values}} {
		if batch := max(k.Batch, k.Heads); e[0]*e[1] > maxElements/batch {
			return fmt.Errorf("a matrix of %d x %d x %d; allowed: up to %d elements", batch, e[0], e[1], maxElements)
		}
	}
	switch {
	case k.Attention && (k.K == 0 || k.Values == 0):
		return fmt.Errorf("dim is missing")
	case k.Attention && (k.Heads == 0 || k.Heads%k.Batch != 0):
		return fmt.Errorf("%d heads share %d of keys and values; allowed: a multiple", k.Heads, k.Batch)
	case !k.Softmax && k.K == 0:
		return fmt.Errorf("k is missing")
	case !k.Softmax && !k.Attention && k.Batch > 1 && k.Loaded != "none":
		return fmt.Errorf("batch is %d with a loaded operand; allowed: 1, or loaded=none", k.Batch)
	case k.Offset != 0 && !k.Causal:
		return fmt.Errorf("offset without causal")
	}
	return nil
}
