package decode

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// activations are the vectors that one sequence passes from product to
// product, each a row unless said otherwise.
type activations struct {
	hidden tensor.View // input of attention, of the MLP and of lm_head
	qkv    tensor.View
	scores tensor.View // one row of MaxLen for every head
	probs  tensor.View // likewise
	mixed  tensor.View // the heads' values, one row for each
	out    tensor.View
	gateUp tensor.View
	down   tensor.View
	logits tensor.View // zero without lm_head
}

func newActivations(m *Model, dt tensor.DType, head bool) activations {
	row := func(n int) tensor.View { return zeros(dt, 1, 1, n) }
	a := activations{
		hidden: row(m.Hidden), qkv: row(m.Hidden + 2*m.KV), out: row(m.Hidden),
		scores: zeros(dt, m.Heads(), 1, m.MaxLen), probs: zeros(dt, m.Heads(), 1, m.MaxLen),
		mixed:  zeros(dt, m.Heads(), 1, m.HeadDim),
		gateUp: row(2 * m.Intermediate), down: row(m.Hidden),
	}
	if head {
		a.logits = row(m.Vocab)
	}
	return a
}

// fill fills everything that is input of a product with made-up values.
func (a *activations) fill(seed uint64) {
	for i, v := range []tensor.View{a.hidden, a.qkv, asRow(a.scores), asRow(a.probs), asRow(a.mixed), a.gateUp} {
		embed(v, mix(seed+uint64(i)))
	}
}

// queryHeads views the queries of a token as one row for every head.
func queryHeads(m *Model, qkv tensor.View) tensor.View {
	return qkv.Strided(tensor.Dims{m.Heads(), 1, m.HeadDim}, tensor.Dims{m.HeadDim, m.HeadDim, 1}, 0)
}

// sharedHead views one head's keys or values as a row for each of the heads
// that share it.
func sharedHead(m *Model, qkv tensor.View, from int) tensor.View {
	return qkv.Strided(tensor.Dims{m.shared(), 1, m.HeadDim}, tensor.Dims{0, m.HeadDim, 1}, from)
}

// asRow views the rows of all heads as one.
func asRow(v tensor.View) tensor.View {
	d := v.Dims()
	n := d[0] * d[1] * d[2]
	return v.Strided(tensor.Dims{1, 1, n}, tensor.Dims{n, n, 1}, 0)
}

// scaleToUnit writes src to dst, scaled to a root mean square of 1.
func scaleToUnit(dst, src tensor.View) {
	n, sum := src.Cols(), 0.0
	for j := range n {
		x := float64(src.Value(0, 0, j))
		sum += x * x
	}
	scale := float32(1 / math.Sqrt(sum/float64(n)+1e-6))
	for j := range n {
		dst.SetValue(0, 0, j, src.Value(0, 0, j)*scale)
	}
}

// embed fills a row with made-up values of unit size: a token's embedding.
func embed(row tensor.View, seed uint64) {
	for j := range row.Cols() {
		even := float32(mix(seed+uint64(j))>>40) / (1 << 24) // 0 to 1
		row.SetValue(0, 0, j, (2*even-1)*1.7320508)
	}
}
