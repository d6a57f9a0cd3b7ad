package policy

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// chainRow stands for the kernels of a chain, which have rows of their own.
var chainRow = &kernels.Row{
	Name: "attention", Family: kernels.FamilyChain, Causal: true, Offset: true,
	Types: []tensor.DType{tensor.F32, tensor.F16, tensor.BF16}, Mixed: true,
}

// selectChain chooses the kernels of an attention. Scores and weights are f32
// whatever the types of Q, K and V, so that scores do not overflow.
func selectChain(p kernels.Problem, caps kernels.Caps, prefs Prefs, catalog kernels.Catalog) (*kernels.Plan, error) {
	if p.A != p.B || (p.C != p.A && p.C != tensor.F32) || !p.A.Valid() {
		return nil, &TypesError{A: p.A, B: p.B, C: p.C}
	}
	mirror, orientation := mirrors(p, prefs.SmallNMaxN)
	c := &kernels.Chain{}
	plan := &kernels.Plan{
		Problem: p, Row: chainRow, Chain: c,
		Rules: append(appendDevice(nil, caps), kernels.Rule{Name: "orientation", Applied: true, Reason: orientation}),
	}
	caps.Fallback = "" // said once, for all links
	for _, link := range [...]struct {
		name    string
		problem kernels.Problem
		to      **kernels.Plan
	}{{"scores", scoresOf(p, mirror), &c.Scores}, {"weights", weightsOf(p), &c.Weights}, {"values", valuesOf(p, mirror), &c.Values}} {
		l, err := selectLink(link.problem, caps, prefs, catalog)
		if err != nil {
			return nil, fmt.Errorf("attention: %s: %w", link.name, err)
		}
		*link.to = l
		for _, r := range l.Rules {
			r.Name = link.name + ": " + r.Name
			plan.Rules = append(plan.Rules, r)
		}
	}
	var why string
	c.Tiling, why = Tile(&p, caps.Scratch)
	plan.Rules = append(plan.Rules, kernels.Rule{Name: "tiling", Applied: true, Reason: why})
	plan.Key = chainKey(p, c)
	return plan, nil
}

// selectLink is Select without a look at the types: no job multiplies f32 with
// f16 or bf16 into these, as the values do.
func selectLink(p kernels.Problem, caps kernels.Caps, prefs Prefs, catalog kernels.Catalog) (*kernels.Plan, error) {
	s := newSelection(p, caps, prefs, catalog)
	if p.Op == kernels.OpSoftmax {
		return s.finish(s.softmax())
	}
	return s.finish(s.matmul())
}

// mirrors decides how the products are taken. Few query rows are the columns
// that small-N kernels multiply keys and values with.
func mirrors(p kernels.Problem, smallN int) (mirror bool, reason string) {
	rows := p.QueryRows()
	if rows > smallN {
		return false, fmt.Sprintf("as written: %d query rows > SMALLN_MAX_N=%d", rows, smallN)
	}
	return true, fmt.Sprintf("mirrored: %d query rows <= SMALLN_MAX_N=%d", rows, smallN)
}

func scoresOf(p kernels.Problem, mirror bool) kernels.Problem {
	return oriented(kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: p.Shape.Batch, M: p.QueryRows(), N: p.Shape.N, K: p.Shape.K},
		A: p.A, B: p.B, C: tensor.F32, TransA: p.TransA, TransB: !p.TransB,
	}, mirror)
}

func valuesOf(p kernels.Problem, mirror bool) kernels.Problem {
	return oriented(kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: p.Shape.Batch, M: p.QueryRows(), N: p.ValueCols, K: p.Shape.N},
		A: tensor.F32, B: p.B, C: p.C, TransB: p.TransV,
	}, mirror)
}

// oriented returns a product as written or as its mirror image.
func oriented(p kernels.Problem, mirror bool) kernels.Problem {
	if !mirror {
		return p
	}
	p.Shape, p.Mirrored = p.Shape.Mirror(), true
	p.A, p.B = p.B, p.A
	p.TransA, p.TransB = !p.TransB, !p.TransA
	return p
}

func weightsOf(p kernels.Problem) kernels.Problem {
	return kernels.Problem{
		Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: p.Shape.Batch * p.Group, M: p.Shape.M, N: p.Shape.N},
		A: tensor.F32, B: tensor.F32, C: tensor.F32, Causal: p.Causal, QueryOffset: p.QueryOffset,
	}
}

// chainKey describes a chain in records. Nothing is compiled by it.
func chainKey(p kernels.Problem, c *kernels.Chain) kernels.Key {
	key := c.Weights.Key
	key.Kernel = c.Scores.Row.Name + "+" + c.Weights.Row.Name + "+" + c.Values.Row.Name
	key.A, key.B, key.C = p.A, p.B, p.C
	return key
}
