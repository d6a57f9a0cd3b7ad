package kernels

// Chain is how an attention is computed: three links, each of which reads what
// the one before wrote, step by step.
type Chain struct {
	Scores  *Plan // S = scale*Q*Kt in f32, or mirrored
	Weights *Plan // P = softmax(S), in place
	Values  *Plan // O = P*V, or mirrored
	Tiling  Tiling
}

// Links returns the plans in their order.
func (c *Chain) Links() [3]*Plan { return [3]*Plan{c.Scores, c.Weights, c.Values} }

// Tiling is how much of an attention one step computes. Its scores are all
// that is kept of it, and only until the next step.
type Tiling struct {
	Heads int // K/V heads, at least 1
	Rows  int // query rows of each head, at least 1
}

// QueryRows returns the rows that a matrix of queries has for one K/V head: the
// query rows or, when there is but one, the heads of the group, so that their
// keys and values are read once for all of them.
func (p *Problem) QueryRows() int {
	if p.Shape.M == 1 {
		return p.Group
	}
	return p.Shape.M
}
