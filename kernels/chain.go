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

// QueryRows returns the rows that one matrix of queries has for a K/V head:
// the query rows or, when there is but one, the heads of the group.
func (p *Problem) QueryRows() int {
	if p.Folds() {
		return p.Group
	}
	return p.Shape.M
}

// Products returns how many products each link that multiplies takes for a K/V
// head: one for each head of the group, unless they fold.
func (p *Problem) Products() int {
	if p.Folds() {
		return 1
	}
	return p.Group
}

// Folds reports whether the heads of a group are the rows of one matrix, so
// that their keys and values are read once for all of them.
func (p *Problem) Folds() bool { return p.Shape.M == 1 }
