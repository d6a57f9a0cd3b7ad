package main

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// gemvMost is the most columns for which as many calls of sgemv can win.
const gemvMost = 4

// smallN compares products of a resident weight with a few columns.
func (s *session) smallN(m *machine) error {
	means := map[string]*geometric{}
	for _, name := range s.types {
		dt, err := tensor.ParseDType(name)
		if err != nil {
			return err
		}
		for _, sh := range s.shapes {
			if err := s.ladder(m, dt, sh, means); err != nil {
				return fmt.Errorf("%v %v: %w", dt, sh, err)
			}
		}
		for _, n := range s.columns {
			if g := means[lineOf(dt, n)]; g != nil {
				s.conclude("small-N %v, %d threads, N=%d: %.2fx the best peer (geometric mean; least %.2fx)", dt, m.threads, n, g.mean(), g.least)
			}
		}
	}
	return nil
}

func lineOf(dt tensor.DType, n int) string { return fmt.Sprint(dt, n) }

// ladder prints one weight's table.
func (s *session) ladder(m *machine, dt tensor.DType, sh shape, means map[string]*geometric) error {
	l, err := s.limits(m)
	if err != nil {
		return err
	}
	w, err := m.matrix(dt, sh.m, sh.k)
	if err != nil {
		return err
	}
	defer free(w)
	prepare(w)
	t := table{
		title: fmt.Sprintf("Small N, W %v %v, %d threads, ms; FMA peak %s GFLOP/s, memory %s GB/s",
			sh, dt, m.threads, rate(l.flops), rate(l.bandwidth)),
		header: []string{"N", "ours", "sgemv", "sgemm W·X", "sgemm X·Wt", "ggml", "ratio", "best peer", "roofline", "% of it"},
	}
	for _, n := range s.columns {
		c, err := s.cell(m, w, n)
		if err != nil {
			return fmt.Errorf("%d columns: %w", n, err)
		}
		roofline := l.roofline(sh.m, n, sh.k, dt)
		row := []string{fmt.Sprint(n), milliseconds(c.ours)}
		for _, name := range []string{"sgemv", "sgemm W·X", "sgemm X·Wt", "ggml"} {
			row = append(row, milliseconds(c.peers[name]))
		}
		if c.best == 0 {
			row = append(row, "-", "-")
		} else {
			r := c.best.Seconds() / c.ours.Seconds()
			row = append(row, ratio(r), c.bestName)
			if means[lineOf(dt, n)] == nil {
				means[lineOf(dt, n)] = &geometric{}
			}
			means[lineOf(dt, n)].add(r)
		}
		t.add(append(row, milliseconds(roofline), percent(roofline.Seconds()/c.ours.Seconds()))...)
	}
	s.print(&t)
	return nil
}

// prepare does to a weight what loading it does.
func prepare(w *memory) {
	if p, ok := w.Buffer.(device.Preparer); ok {
		p.Prepare(w.View)
	}
}

// cell is one number of columns.
type cell struct {
	ours     time.Duration
	peers    map[string]time.Duration
	best     time.Duration // of the peers, 0 if there are none
	bestName string
}

func (s *session) cell(m *machine, w *memory, n int) (c cell, err error) {
	var xs [6]*memory // X and Y as columns, another Y, and both as rows
	defer func() { free(xs[:]...) }()
	for i, d := range []shape{{n, w.cols}, {n, w.rows}, {n, w.rows}, {w.cols, n}, {w.rows, n}} {
		if xs[i], err = m.matrix(tensor.F32, d.m, d.k); err != nil {
			return c, err
		}
	}
	x, y, z, xr, yr := xs[0], xs[1], xs[2], xs[3], xs[4]
	tensor.Copy(xr.View, x.T().View)
	entrants := []entrant{m.smallN(w, x, y)}
	results := []tensor.View{y.T().View}
	add := func(e entrant, result tensor.View) {
		entrants, results = append(entrants, e), append(results, result)
	}
	if w.View.DType() == tensor.F32 {
		for _, e := range m.blasPeers(w, x, z, xr, yr, n) {
			result := z.T().View
			if e.name == "sgemm W·X" {
				result = yr.View
			}
			add(e, result)
		}
	}
	if m.ggml != nil {
		planned := m.ggml.mulMat(m.pool, ggmlTypes[w.View.DType()], int64(w.rows), int64(n), int64(w.cols), w.ptr(), x.ptr(), z.ptr())
		e, end := m.ggml.entrant(m.pool, planned)
		defer end()
		add(e, z.T().View)
	}
	if err := verify(entrants, results, w.View, x.T().View); err != nil {
		return c, err
	}
	times := s.contest(entrants)
	c.ours, c.peers = times[0], map[string]time.Duration{}
	for i, e := range entrants[1:] {
		c.peers[e.name] = times[i+1]
	}
	if len(times) > 1 {
		c.best, c.bestName = best(times[1:], entrants[1:])
	}
	return c, nil
}

// smallN is ours, with X and Y as batches have them: columns contiguous.
func (m *machine) smallN(w, x, y *memory) entrant {
	n := x.rows
	bucket := kernels.BucketFor(n)
	key := keyOf("matmul_smalln_"+strings.ToLower(bucket.String()), w.View.DType())
	key.Bucket = bucket
	return m.ours("ours", key, device.Dispatch{Matmul: &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: w.rows, N: n, K: w.cols},
		A:     w.Region, B: x.T(), C: y.T(),
		Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
	}})
}

// blasPeers are the ways of asking a BLAS for W*X.
func (m *machine) blasPeers(w, x, y, xr, yr *memory, n int) []entrant {
	var peers []entrant
	if n <= gemvMost {
		peers = append(peers, m.blasEntrant("sgemv", func() {
			for j := range n {
				m.blas.Gemv(w.rows, w.cols, 1, w.blas(false), x.line(j), 0, y.line(j))
			}
		}))
	}
	return append(peers,
		m.blasEntrant("sgemm W·X", func() {
			m.blas.Gemm(w.rows, n, w.cols, 1, w.blas(false), xr.blas(false), 0, yr.blas(false))
		}),
		m.blasEntrant("sgemm X·Wt", func() {
			m.blas.Gemm(n, w.rows, w.cols, 1, x.blas(false), w.blas(true), 0, y.blas(false))
		}))
}

// line is one row as a vector.
func (x *memory) line(i int) blas.Vector {
	return blas.Vector{Ptr: unsafe.Add(x.ptr(), i*x.cols*x.View.DType().Size()), Inc: 1}
}
