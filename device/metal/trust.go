//go:build darwin || linux

package metal

// The vendor library computes some large products wrongly and says nothing:
// those are not given to it.
const (
	// maxReach bounds the bytes of an operand, and (rows + 2*interior) rows of
	// the result: beyond, rows of the result are NaN (JuliaGPU/Metal.jl#381).
	maxReach = 1 << 31
	// reachSlack are rows more, for the band of rows that goes wrong is wider
	// than one.
	reachSlack = 64
	// maxInterior bounds the sums: on an M1 or M2 longer ones have terms from
	// behind the operands (pytorch/pytorch#195163, seen with a sibling of the
	// operation used here).
	maxInterior = 1<<15 - 2
)

// trusted says whether the vendor library is known to compute a product well.
func (p *productPlan) trusted() bool {
	for i := range p.operands {
		if o := &p.operands[i]; o.Rows*o.line() >= maxReach {
			return false
		}
	}
	rows := p.product.Rows + 2*p.product.Interior + reachSlack
	return p.product.Interior <= maxInterior && rows*p.operands[2].line() < maxReach
}

// line returns how many bytes rows are apart.
func (o *operand) line() int { return o.Lead * o.Elements.Size() }
