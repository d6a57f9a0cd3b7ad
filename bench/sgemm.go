package main

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// sgemm compares square products of f32.
func (s *session) sgemm(m *machine) error {
	l, err := s.limits(m)
	if err != nil {
		return err
	}
	t := table{
		title:  fmt.Sprintf("Square sgemm, %d threads, GFLOP/s; FMA peak %s", m.threads, rate(l.flops)),
		header: []string{"n", "ours", m.blas.Name, "ratio", "% of peak"},
	}
	var mean geometric
	for _, n := range s.sizes {
		ours, peer, err := s.square(m, n)
		if err != nil {
			return err
		}
		mean.add(ours / peer)
		t.add(fmt.Sprint(n), rate(ours), rate(peer), ratio(ours/peer), percent(ours/l.flops))
	}
	s.print(&t)
	s.conclude("sgemm, %d threads: %.2fx %s (geometric mean; least %.2fx)", m.threads, mean.mean(), m.blas.Name, mean.least)
	return nil
}

// square returns the operations a second of ours and of BLAS.
func (s *session) square(m *machine, n int) (ours, peer float64, err error) {
	var xs [4]*memory
	defer func() { free(xs[:]...) }()
	for i := range xs {
		if xs[i], err = m.matrix(tensor.F32, n, n); err != nil {
			return 0, 0, err
		}
	}
	a, b, c, d := xs[0], xs[1], xs[2], xs[3]
	entrants := []entrant{
		m.ours("ours", keyOf("matmul_simd", tensor.F32), device.Dispatch{Matmul: &device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: n, N: n, K: n},
			A:     a.Region, B: b.Region, C: c.Region,
			Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
		}}),
		m.blasEntrant(m.blas.Name, func() { m.blas.Gemm(n, n, n, 1, a.blas(false), b.blas(false), 0, d.blas(false)) }),
	}
	if err := verify(entrants, []tensor.View{c.View, d.View}, a.View, b.View); err != nil {
		return 0, 0, err
	}
	times := s.contest(entrants)
	operations := 2 * float64(n) * float64(n) * float64(n)
	return operations / times[0].Seconds(), operations / times[1].Seconds(), nil
}

// keyOf is the key of a kernel for weights of a type, all else f32.
func keyOf(kernel string, w tensor.DType) kernels.Key {
	return kernels.Key{Kernel: kernel, A: w, B: tensor.F32, C: tensor.F32}
}
