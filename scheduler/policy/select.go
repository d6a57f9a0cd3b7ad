package policy

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// UnsupportedError says that no kernel computes a problem.
type UnsupportedError struct {
	Problem kernels.Problem
	Rules   []kernels.Rule // all tried, none applied
}

func (e *UnsupportedError) Error() string {
	last := e.Rules[len(e.Rules)-1]
	return fmt.Sprintf("policy: no kernel for %v %v of (%v, %v, %v): %s",
		e.Problem.Op, e.Problem.Shape, e.Problem.A, e.Problem.B, e.Problem.C, last.Reason)
}

// Select chooses the kernel for a problem, which is oriented already, and
// records every rule it tried. It is a pure function of its arguments.
//
// Matmul: the forced backend; FORCE_SMALLN; small-N; SIMD; the fallback mlx.
// Softmax: the forced backend, or in auto vec for short rows and block for
// long ones; otherwise legacy. A rule whose kernels do not support the problem
// falls through, with that reason: a kernel is never given what its catalog
// row does not claim.
//
// Sizes of 0 are compared like all others, so that a product with N = 0 is
// small-N work of bucket N1 and one with M = 0 follows its N.
//
// Attention: each of its three links as a job of its own would be, and how much
// of it to compute in one step (see [Tile]).
//
// The plan points into catalog, which must not change afterwards. The error
// is a *TypesError or an *UnsupportedError.
func Select(p kernels.Problem, caps kernels.Caps, prefs Prefs, catalog kernels.Catalog) (*kernels.Plan, error) {
	if p.Op == kernels.OpAttention {
		return selectChain(p, caps, prefs, catalog)
	}
	s := newSelection(p, caps, prefs, catalog)
	var row *kernels.Row
	switch p.Op {
	case kernels.OpMatmul:
		if err := CheckTypes(p.A, p.B, p.C); err != nil {
			return nil, err
		}
		row = s.matmul()
	case kernels.OpSoftmax:
		row = s.softmax()
	case kernels.OpAttention: // see selectChain
	default:
		s.skip("op", "not an operation: "+p.Op.String())
	}
	return s.finish(row)
}

func newSelection(p kernels.Problem, caps kernels.Caps, prefs Prefs, catalog kernels.Catalog) selection {
	return selection{
		chooser: chooser{problem: p, caps: caps, experimental: prefs.Experimental, catalog: catalog},
		prefs:   prefs,
		rules:   appendDevice(make([]kernels.Rule, 0, 6), caps),
	}
}

// appendDevice records that the device would have better kernels than those which
// there are to choose from, and why it has not.
func appendDevice(rules []kernels.Rule, caps kernels.Caps) []kernels.Rule {
	if caps.Fallback == "" {
		return rules
	}
	return append(rules, kernels.Rule{Name: "device", Reason: caps.Fallback})
}

// finish returns the plan for the row that was chosen, nil if none was.
func (s *selection) finish(row *kernels.Row) (*kernels.Plan, error) {
	if row == nil {
		return nil, &UnsupportedError{Problem: s.problem, Rules: s.rules}
	}
	return s.plan(row), nil
}

// selection is one run of Select.
type selection struct {
	chooser
	prefs Prefs
	rules []kernels.Rule
}

// apply records a rule that asks for a family and returns the family's row,
// or nil when no row supports the problem.
func (s *selection) apply(rule string, f kernels.Family, reason string) *kernels.Row {
	row, why := s.choose(f)
	if row == nil {
		s.skip(rule, reason+", but "+why)
		return nil
	}
	s.rules = append(s.rules, kernels.Rule{Name: rule, Applied: true, Reason: reason})
	return row
}

// skip records a rule that does not apply.
func (s *selection) skip(rule, reason string) *kernels.Row {
	s.rules = append(s.rules, kernels.Rule{Name: rule, Reason: reason})
	return nil
}

func (s *selection) plan(row *kernels.Row) *kernels.Plan {
	plan := &kernels.Plan{
		Problem: s.problem,
		Row:     row,
		Bucket:  row.Bucket,
		Key:     keyFor(s.problem, row, s.caps),
		Rules:   s.rules,
	}
	if row.Family == kernels.FamilySmallN {
		plan.SmallN = s.smallNRows()
	}
	return plan
}
