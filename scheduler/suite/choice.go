package suite

import (
	"slices"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// Choice is how the first job of a Work gets computed, and why.
type Choice struct {
	Backend     string
	Variant     string
	Reason      string
	Orientation string // of a chain, what it is made of
}

func choiceOf(p *kernels.Plan, orientation string) Choice {
	c := Choice{p.Family().String(), p.Variant(), reason(p.Rules), orientation}
	if p.Chain != nil {
		c.Orientation = links(p.Chain)
	}
	return c
}

// links says what a chain is made of.
func links(c *kernels.Chain) string {
	var parts []string
	for i, p := range c.Links() {
		what := [...]string{"scores", "weights", "values"}[i]
		parts = append(parts, what+" "+p.Family().String()+"/"+p.Variant()+": "+reason(p.Rules))
	}
	return strings.Join(parts, "; ")
}

// reason is that of the rule that applied; of one that takes what is left, why
// the others did not apply, those left out that the user had not asked for.
func reason(rules []kernels.Rule) string {
	last := rules[len(rules)-1]
	if last.Name != "fallback" && last.Name != "legacy" {
		return last.Reason
	}
	var reasons []string
	for _, r := range rules[:len(rules)-1] {
		asked := r.Name != "backend" && r.Name != "force-smalln"
		if asked || strings.Contains(r.Reason, ", but ") {
			reasons = append(reasons, r.Reason)
		}
	}
	if len(reasons) == 0 {
		return last.Reason
	}
	return strings.Join(reasons, "; ")
}

// because returns why the rule of a backend did not apply.
func because(rules []kernels.Rule, to Backend) string {
	i := slices.IndexFunc(rules, func(r kernels.Rule) bool { return r.Name == to.rule() })
	if i < 0 {
		return "no rule is about " + string(to)
	}
	return rules[i].Reason
}
