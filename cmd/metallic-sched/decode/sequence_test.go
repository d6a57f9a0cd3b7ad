package decode

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// A sequence goes through the layers, then lm_head, and its cache grows with
// every token until the text is at its end.
func TestSequenceOrder(t *testing.T) {
	s := newTestSequence(t, smallModel(), Fit{Layers: 2, Head: true}, 3)
	s.layer, s.kind = 0, QKV
	length := s.length
	for range 10 {
		for layer := range 2 {
			for _, k := range Kinds[:LMHead] {
				require.Equal(t, [2]int{layer, int(k)}, [2]int{s.layer, int(s.kind)})
				require.Equal(t, length, s.length)
				s.advance()
			}
		}
		require.Equal(t, LMHead, s.kind)
		s.advance()
		if length++; length > s.model.MaxLen {
			length = s.model.MinLen
		}
	}
}

func TestSequenceWithoutHead(t *testing.T) {
	s := newTestSequence(t, smallModel(), Fit{Layers: 1}, 3)
	s.layer, s.kind = 0, Down
	token := s.token
	s.advance()
	require.Equal(t, QKV, s.kind)
	require.Equal(t, token+1, s.token)
}

// Sequences start spread over texts and tokens, the same ones for a seed.
func TestSequencesAreSpread(t *testing.T) {
	w, src := loadTestWeights(t, smallModel(), Fit{Layers: 2, Head: true})
	lengths, kinds := map[int]bool{}, map[Kind]bool{}
	for id := range uint64(40) {
		a, b := newSequence(w, src, 0, id), newSequence(w, src, 0, id)
		require.Equal(t, [3]int{a.length, a.layer, int(a.kind)}, [3]int{b.length, b.layer, int(b.kind)})
		lengths[a.length], kinds[a.kind] = true, true
	}
	require.Len(t, lengths, 4, "2 to 5")
	require.Len(t, kinds, len(Kinds))
}

// At the sizes of the trace the jobs are those of the trace.
func TestSequenceJobsAreThoseOfTheTrace(t *testing.T) {
	products, err := parseTrace(qwen)
	require.NoError(t, err)
	m, err := modelOf(products)
	require.NoError(t, err)
	m.Vocab = 100 // lm_head takes long to make up
	s := newTestSequence(t, m, Fit{Layers: 1, Head: true}, 1)
	for _, p := range products {
		for s.kind.String() != p.name {
			s.advance()
		}
		switch s.kind {
		case Scores:
			s.length = p.shape.N
		case Values:
			s.length = p.shape.K
		case LMHead:
			p.shape.N = m.Vocab
		case QKV, Softmax, Out, GateUp, Down:
		}
		var f job.Form
		require.NoError(t, s.next().Arrange(&f, policy.Orient), p.name)
		require.Equal(t, p.shape, f.Problem.Written(), p.name)
		require.Equal(t, p.transB, s.product.TransB, p.name)
		require.Equal(t, p.weight, f.Problem.Mirrored, p.name)
		require.Equal(t, s.kind == QKV, f.Problem.Bias, p.name)
	}
}

func TestSequenceSoftmaxSeesAllOfTheCache(t *testing.T) {
	s := newTestSequence(t, smallModel(), Fit{Layers: 1}, 1)
	s.kind, s.length = Softmax, 4
	rows := s.next().(*job.Softmax)
	require.True(t, rows.Causal)
	require.Equal(t, 3, rows.QueryOffset)
	require.Equal(t, tensor.Dims{4, 1, 4}, rows.X.Dims())
}

func newTestSequence(t *testing.T, m Model, fit Fit, id uint64) *sequence {
	t.Helper()
	w, src := loadTestWeights(t, m, fit)
	return newSequence(w, src, 0, id)
}

func loadTestWeights(t *testing.T, m Model, fit Fit) (*Weights, *Random) {
	t.Helper()
	d := sim.Open(sim.Config{})
	l, err := OpenLane(t.Context(), scheduler.Config{Device: d})
	require.NoError(t, err)
	src, err := NewRandom(m, tensor.F16, 1)
	require.NoError(t, err)
	w, err := Load(src, fit, []scheduler.Service{l.Scheduler()})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, l.Close(context.Background()))
		w.Release()
		require.NoError(t, d.Close())
	})
	return w, src
}
