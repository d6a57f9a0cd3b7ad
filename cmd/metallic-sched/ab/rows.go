package ab

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"
)

// DefaultUnit is the one that is compared unless another is asked for, as
// package benchunit tidies it.
const DefaultUnit = "sec/op"

// output is what one run printed.
type output struct {
	results []*benchfmt.Result
	units   benchfmt.UnitMetadataMap
	order   []string           // of rows, as they were printed first
	rows    map[string]float64 // the median of each row's values
	lost    map[string]float64 // the most of its jobs that a row lost, if any
}

// OutputError says why what a run printed is of no use.
type OutputError struct{ Why string }

func (e *OutputError) Error() string { return "ab: " + e.Why }

// readOutput reads benchmark lines. Rows are told apart by package and name,
// without what ignore lists: keys of the name's KEY=VALUE parts.
func readOutput(text []byte, unit string, ignore []string) (*output, error) {
	r := benchfmt.NewReader(bytes.NewReader(text), "output")
	out := &output{units: r.Units()}
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			out.results = append(out.results, rec.Clone())
		case *benchfmt.SyntaxError:
			return nil, &OutputError{rec.Error()}
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	if len(out.results) == 0 {
		return nil, &OutputError{fmt.Sprintf("no benchmark lines were printed, but %q", beginning(text))}
	}
	return out, out.collect(unit, ignore)
}

// collect takes the values of a unit. A process is one sample, whatever it
// repeated.
func (o *output) collect(unit string, ignore []string) error {
	names := rowNames(o.results, ignore)
	values, units := map[string][]float64{}, map[string]bool{}
	o.lost = map[string]float64{}
	for i, r := range o.results {
		for _, v := range r.Values {
			value, its := benchunit.Tidy(v.Value, v.Unit) // the reader does not tidy 0
			units[its] = true
			if its == lostUnit && value > 0 {
				o.lost[names[i]] = max(o.lost[names[i]], value)
			}
			if its != unit {
				continue
			}
			if !(value > 0) {
				return &OutputError{fmt.Sprintf("%s has %v %s; only what is above 0 can be compared", names[i], value, unit)}
			}
			if values[names[i]] == nil {
				o.order = append(o.order, names[i])
			}
			values[names[i]] = append(values[names[i]], value)
		}
	}
	if len(values) == 0 {
		return &OutputError{fmt.Sprintf("nothing is measured in %s; there is %s%s", unit, strings.Join(slices.Sorted(maps.Keys(units)), ", "), o.lostAll())}
	}
	o.rows = map[string]float64{}
	for name, xs := range values {
		o.rows[name] = median(xs, 0.05).Mid
	}
	return nil
}

// beginning is the start of a text.
func beginning(text []byte) string {
	const most = 200
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}
