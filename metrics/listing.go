package metrics

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Value is one of the series of a family that come and go.
type Value struct {
	Label string // any text
	Value float64
}

// listing is a family of series with one label, whose values come and go.
type listing struct {
	name, labels, label string
	list                func() []Value
}

// List exposes a family metallic_sched_<name> of series that come and go, told
// apart by a label, which list returns, each once. Its type follows from its
// name as with Func.
func (c *Counters) List(name, help, label string, list func() []Value) {
	c.describe(prefix+name, help, "")
	c.creating.Lock()
	defer c.creating.Unlock()
	c.listings = append(c.listings, listing{prefix + name, c.labels, label, list})
}

func (c *Counters) listed() []listing {
	c.creating.Lock()
	defer c.creating.Unlock()
	return slices.Clone(c.listings)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// labelOf writes a label with any text as its value.
func labelOf(name, value string) string {
	return name + `="` + labelEscapes.Replace(strings.ToValidUTF8(value, "\uFFFD")) + `"`
}

func (l *listing) write(w io.Writer) {
	var b strings.Builder
	for _, v := range l.list() {
		fmt.Fprintf(&b, "%s{%s} %v\n", l.name, joinLabels(l.labels, labelOf(l.label, v.Label)), v.Value)
	}
	_, _ = io.WriteString(w, b.String()) // whoever asked may be gone
}
