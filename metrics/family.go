package metrics

import (
	"bytes"
	"io"
	"maps"
	"strings"
)

// description is what the Prometheus text format says of a family of series.
type description struct{ kind, help string }

// families are described by name.
type families map[string]description

// describer writes each family's help and type before its first line. It wants
// whole lines, those of a family in a row.
type describer struct {
	families families
	last     string
	out      io.Writer
}

func (c *Counters) describing(w io.Writer) *describer {
	c.creating.Lock()
	defer c.creating.Unlock()
	return &describer{families: maps.Clone(c.families), out: w}
}

// Write implements io.Writer.
func (d *describer) Write(text []byte) (int, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		if family := d.familyOf(string(line)); family != d.last {
			about := d.families[family]
			d.last = family
			out.WriteString("# HELP " + family + " " + about.help + "\n# TYPE " + family + " " + about.kind + "\n")
		}
		out.Write(line)
	}
	if _, err := d.out.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// familyOf returns the family of a line: of a histogram's lines the histogram.
func (d *describer) familyOf(line string) string {
	name := line[:max(strings.IndexAny(line, "{ "), 0)]
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, part); ok && d.families[base].kind == "histogram" {
			return base
		}
	}
	return name
}
