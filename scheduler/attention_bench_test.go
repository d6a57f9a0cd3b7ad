package scheduler_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// BenchmarkAttention compares an attention with the three jobs that it is made
// of, submitted one after another: their scores go back to the caller and in
// again.
func BenchmarkAttention(b *testing.B) {
	for _, rows := range []int{1, 512, 2048} {
		for _, dt := range []tensor.DType{tensor.F32, tensor.F16} {
			for _, causal := range []bool{false, true} {
				keys := max(rows, 512)
				j := attentionOf(dt, 14, rows, keys, 64)
				if j.Causal = causal; causal {
					j.QueryOffset = keys - rows
				}
				name := fmt.Sprintf("%dx%d/%v/causal=%t", rows, keys, dt, causal)
				b.Run(name+"/attention", func(b *testing.B) { benchmarkJobs(b, j) })
				b.Run(name+"/jobs", func(b *testing.B) { benchmarkJobs(b, linksOf(j, dt)...) })
			}
		}
	}
}

func benchmarkJobs(b *testing.B, jobs ...job.Job) {
	s := start(b, scheduler.Config{})
	for b.Loop() {
		for _, j := range jobs {
			if err := s.Do(background, j); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// attentionOf returns an attention over fresh memory, each tensor in one piece.
func attentionOf(dt tensor.DType, heads, rows, keys, dim int) *job.Attention {
	m := newMaker(uint64(rows))
	full := func(rows int) tensor.View {
		d := tensor.Dims{heads, rows, dim}
		v := alloc(dt, heads*rows*dim).Strided(d, tensor.Compact(d), 0)
		each(v, func(b, i, j int) { v.SetValue(b, i, j, float32(m.NormFloat64())) })
		return v
	}
	return &job.Attention{Q: full(rows), K: full(keys), V: full(keys), O: full(rows)}
}

// linksOf returns the three jobs that compute an attention, with scores of a
// type.
func linksOf(j *job.Attention, dt tensor.DType) []job.Job {
	d := tensor.Dims{j.Q.Matrices(), j.Q.Rows(), j.K.Rows()}
	scores := alloc(dt, d[0]*d[1]*d[2]).Strided(d, tensor.Compact(d), 0)
	scale := float32(1 / math.Sqrt(float64(j.Q.Cols())))
	last := &job.Matmul{A: scores, B: j.V, C: j.O}
	if dt != j.V.DType() { // f32 must stand on the right
		last = &job.Matmul{A: j.V.T(), B: scores.T(), C: j.O.T()}
	}
	return []job.Job{
		&job.Matmul{A: j.Q, B: j.K, TransB: true, C: scores, Scale: job.AlphaBeta(scale, 0)},
		&job.Softmax{X: scores, Causal: j.Causal, QueryOffset: j.QueryOffset},
		last,
	}
}
