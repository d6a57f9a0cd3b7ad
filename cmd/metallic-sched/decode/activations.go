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

// heads views part of a row as one row for every head; each is used by shared
// heads in turn.
func heads(row tensor.View, from, n, shared, width int) tensor.View {
	if shared == 1 {
		return row.Strided(tensor.Dims{n, 1, width}, tensor.Dims{width, width, 1}, from)
	}
	return row.Strided(tensor.Dims{shared, 1, width}, tensor.Dims{0, width, 1}, from+n*width)
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

// fillNoise fills a view with values of unit size.
func fillNoise(v tensor.View, seed uint64) {
	d := v.Dims()
	i := uint64(0)
	for b := range d[0] {
		for r := range d[1] {
			for c := range d[2] {
				even := float32(mix(seed+i)>>40) / (1 << 24)
				v.SetValue(b, r, c, (2*even-1)*math.Sqrt2*1.2247449)
				i++
			}
		}
	}
}
