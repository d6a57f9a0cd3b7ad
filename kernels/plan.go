package kernels

// Plan is the kernel chosen for a problem and why. Plans are shared between
// jobs and must not be changed.
type Plan struct {
	Problem Problem
	Row     *Row
	Bucket  Bucket // of the job's own columns; small-N only
	Key     Key    // the specialisation for the job alone
	Rules   []Rule // every rule tried, in order; the last one applied
	// SmallN holds the row for a batch of each bucket, N1 first; small-N only.
	SmallN [5]*Row
	// Chain is what an attention is made of, nil for other operations.
	Chain *Chain
}

// Rule is one step of selection.
type Rule struct {
	Name    string // such as "small-n"
	Applied bool
	Reason  string // why it did or did not apply, with the numbers compared
}

// Family returns the chosen kernel family.
func (p *Plan) Family() Family { return p.Row.Family }

// SharesColumns reports whether columns (softmax: rows) of the job may be
// computed beside those of others: not those of a batched product, nor those
// that a vendor library would then compute differently. Attentions share a
// batch, but each has operands of its own.
func (p *Plan) SharesColumns() bool {
	switch p.Problem.Op {
	case OpSoftmax:
		return true
	case OpMatmul:
		return p.Problem.Shape.Batch == 1 && p.Row.Family.BatchInvariant()
	case OpAttention, opEnd:
	}
	return false
}

// BatchInvariant reports whether the job's bits do not depend on its batch.
func (p *Plan) BatchInvariant() bool {
	if c := p.Chain; c != nil {
		return c.Scores.BatchInvariant() && c.Values.BatchInvariant()
	}
	return p.Row.Family.BatchInvariant()
}

// Variant returns the sub-choice within the family: the small-N bucket, the
// softmax kernel's width bucket, or "-".
func (p *Plan) Variant() string { return Variant(p.Row.Family, p.Bucket, p.Key.Width) }

// Reason returns why the chosen rule applied.
func (p *Plan) Reason() string {
	if len(p.Rules) == 0 {
		return ""
	}
	return p.Rules[len(p.Rules)-1].Reason
}
