package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// explanation is an answer, for people and as JSON.
type explanation struct {
	Op          string        `json:"op"`
	Device      string        `json:"device"`
	Caps        string        `json:"caps"`
	Orientation string        `json:"orientation"`
	Written     string        `json:"written"`
	Normalised  string        `json:"normalised"`
	DTypes      string        `json:"dtypes"`
	Backend     string        `json:"backend"`
	Variant     string        `json:"variant"`
	Kernel      string        `json:"kernel"`
	Key         string        `json:"key"`
	Threadgroup int           `json:"threadgroup,omitempty"`
	Rules       []explainRule `json:"rules"`
}

type explainRule struct {
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
	Reason  string `json:"reason"`
}

func newExplanation(s *selector, f *job.Form, plan *kernels.Plan) *explanation {
	p := &plan.Problem
	types := p.A.String()
	if p.A != p.B || p.B != p.C {
		types = fmt.Sprintf("%v,%v,%v", p.A, p.B, p.C)
	}
	e := &explanation{
		Op: p.Op.String(), Device: s.of, Caps: describeCaps(s.caps), Orientation: f.Orientation,
		Written: asked(p).String(), Normalised: p.Shape.String(), DTypes: types,
		Backend: plan.Family().String(), Variant: plan.Variant(), Kernel: plan.Key.Kernel,
		Key: plan.Key.String(), Threadgroup: plan.Key.Threadgroup,
	}
	for _, r := range plan.Rules {
		e.Rules = append(e.Rules, explainRule(r))
	}
	return e
}

// asked returns the shape as it was given: of an attention with all the heads of
// queries, of which each of keys has several.
func asked(p *kernels.Problem) kernels.Shape {
	s := p.Written()
	if p.Op == kernels.OpAttention {
		s.Batch *= max(1, p.Group)
	}
	return s
}

func (e *explanation) write(w io.Writer) {
	t := newTable(w, fmt.Sprintf("%s %s -> %s/%s", e.Op, e.Written, e.Backend, e.Variant), 2, "", "")
	t.ResetHeaders()
	group := "-"
	if e.Threadgroup > 0 {
		group = fmt.Sprint(e.Threadgroup)
	}
	for _, row := range [][2]string{
		{"device", e.Device + ": " + e.Caps},
		{"orientation", e.Orientation},
		{"as written", e.Written},
		{"normalised", e.Normalised},
		{"types, normalised", e.DTypes},
		{"backend", e.Backend},
		{"variant", e.Variant},
		{"kernel", e.Kernel},
		{"key", e.Key},
		{"threadgroup", group},
	} {
		t.AppendRow(table.Row{row[0], row[1]})
	}
	t.Render()
	rules := newTable(w, "Rules, in the order they were tried", 3, "rule", "applied", "because")
	for _, r := range e.Rules {
		rules.AppendRow(table.Row{r.Name, map[bool]string{true: "yes", false: "no"}[r.Applied], r.Reason})
	}
	rules.Render()
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// reason gives why the rules before the last did not apply, if the last is
// only the fallback, and otherwise why the last did.
func (e *explanation) reason() string {
	last := e.Rules[len(e.Rules)-1]
	if last.Name != "fallback" {
		return last.Reason
	}
	var reasons []string
	for _, r := range e.Rules[:len(e.Rules)-1] {
		if r.Name == "small-n" || r.Name == "simd" {
			reasons = append(reasons, r.Reason)
		}
	}
	return strings.Join(reasons, "; ")
}
