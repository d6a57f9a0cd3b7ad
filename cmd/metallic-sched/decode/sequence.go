package decode

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// sequence is one text being generated. It stands before a job, which next
// returns and advance takes as done; it may be left there and gone on with
// later. It belongs to one goroutine at a time.
type sequence struct {
	model   *Model
	weights *Weights
	lane    int
	seed    uint64

	length int // tokens in the cache, the current one included
	token  uint64
	layer  int
	kind   Kind
	caches []cache // by layer
	act    activations

	product job.Matmul
	rows    job.Softmax
}

// newSequence returns a sequence some way into its text and into a token. Where
// depends on the seed, so that sequences are spread as in a run of hours.
func newSequence(w *Weights, history *Random, lane int, id uint64) *sequence {
	m := &w.model
	s := &sequence{model: m, weights: w, lane: lane, seed: mix(history.seed + id)}
	s.length = m.MinLen + int(s.seed%uint64(m.MaxLen-m.MinLen+1))
	for i := range w.layers {
		s.caches = append(s.caches, newCache(m, history, id<<16+uint64(i)))
	}
	s.act = newActivations(m, w.dtype, w.head != nil)
	s.act.fill(s.seed)
	for range mix(s.seed) % uint64(w.steps()) {
		s.advance()
	}
	return s
}

// next returns the job that the sequence stands before. It is good until the
// sequence advances.
func (s *sequence) next() job.Job {
	a, c := &s.act, &s.caches[s.layer]
	switch s.kind {
	case QKV:
		return s.times(a.hidden, a.qkv)
	case Scores:
		s.product = job.Matmul{
			A: queryHeads(s.model, a.qkv), B: upTo(c.keys, s.length), TransB: true,
			C: s.width(a.scores), Scale: job.AlphaBeta(s.alpha(), 0),
		}
		return &s.product
	case Softmax:
		s.rows = job.Softmax{X: s.width(a.scores), Y: s.width(a.probs), Causal: true, QueryOffset: s.length - 1}
		return &s.rows
	case Values:
		s.product = job.Matmul{A: s.width(a.probs), B: upTo(c.values, s.length), C: a.mixed, Scale: job.AlphaBeta(1, 0)}
		return &s.product
	case Out:
		return s.times(asRow(a.mixed), a.out)
	case GateUp:
		return s.times(a.hidden, a.gateUp)
	case Down:
		return s.times(a.gateUp.Slice(0, 1, 0, s.model.Intermediate), a.down)
	case LMHead:
		return s.times(a.hidden, a.logits)
	}
	panic(fmt.Sprintf("decode: sequence at %v", s.kind))
}

// times multiplies a row by the weight of the sequence's place.
func (s *sequence) times(x, y tensor.View) job.Job {
	w := s.weight()
	s.product = job.Matmul{A: x, B: w.operands[s.lane].View(), C: y, TransB: s.kind != QKV}
	if s.kind == QKV {
		s.product.Bias = s.weights.layers[s.layer].bias.operands[s.lane].View()
	}
	return &s.product
}

// weight returns the weight that the job uses, nil for attention's.
func (s *sequence) weight() *weight {
	switch s.kind {
	case LMHead:
		return s.weights.head
	case Scores, Softmax, Values:
		return nil
	case QKV, Out, GateUp, Down:
	}
	return &s.weights.layers[s.layer].byKind[s.kind]
}

// width cuts rows of MaxLen to the columns in use. They are laid out anew for
// every length, one right after the other.
func (s *sequence) width(v tensor.View) tensor.View {
	d := tensor.Dims{s.model.Heads(), 1, s.length}
	return v.Strided(d, tensor.Compact(d), 0)
}

// advance takes the job as done: what it feeds is made ready.
func (s *sequence) advance() {
	a := &s.act
	switch s.kind {
	case QKV:
		s.caches[s.layer].append(s.model, a.qkv, s.length-1)
	case Out:
		scaleToUnit(a.hidden, a.out)
	case Down:
		scaleToUnit(a.hidden, a.down)
		s.endLayer()
		return
	case LMHead:
		s.endToken()
		return
	case Scores, Softmax, Values, GateUp:
	}
	s.kind++
}

// alpha is the usual scale of attention: 1/8 for heads of 64.
func (s *sequence) alpha() float32 { return float32(1 / math.Sqrt(float64(s.model.HeadDim))) }

func (s *sequence) endLayer() {
	s.kind = QKV
	if s.layer++; s.layer < len(s.weights.layers) {
		return
	}
	s.layer = 0
	if s.weights.head == nil {
		s.endToken()
		return
	}
	s.kind = LMHead
}

// endToken goes on to the next token, or when the text is at its end to a new
// one.
func (s *sequence) endToken() {
	s.kind = QKV
	s.token++
	if s.length++; s.length > s.model.MaxLen {
		s.length = s.model.MinLen
	}
	embed(s.act.hidden, mix(s.seed+s.token))
}
