package ab

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"golang.org/x/perf/benchfmt"
)

// Raw writes the benchmark lines of both sides, those of a side after a line
// "side: a" or "side: b"; benchstat -col side reads them. Of each pair a comes
// first, whichever ran first, so that benchstat compares b with a. What a
// program says of its configuration is left out where the sides say
// different things, such as the setting that is compared: benchstat would
// not put the sides beside each other.
type Raw struct {
	to  io.Writer
	out *benchfmt.Writer
	// differ are the keys that are left out.
	differ []string
}

// NewRaw returns a Raw that writes to w.
func NewRaw(w io.Writer) *Raw { return &Raw{to: w, out: benchfmt.NewWriter(w)} }

// begin takes note of what the first run of each side says.
func (r *Raw) begin(first [2]*output) error {
	if r == nil {
		return nil
	}
	says := [2]map[string]string{first[A].config(), first[B].config()}
	for key := range says[A] {
		if says[B][key] != says[A][key] {
			r.differ = append(r.differ, key)
		}
	}
	for key := range says[B] {
		if _, both := says[A][key]; !both {
			r.differ = append(r.differ, key)
		}
	}
	slices.Sort(r.differ)
	for _, key := range r.differ {
		for _, side := range []Side{A, B} {
			value, said := says[side][key]
			if !said {
				continue
			}
			if _, err := fmt.Fprintf(r.to, "# %v: %s: %s\n", side, key, value); err != nil {
				return err
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(first[A].units), byUnit) {
		if err := r.out.Write(first[A].units[key]); err != nil {
			return err
		}
	}
	return nil
}

func byUnit(a, b benchfmt.UnitMetadataKey) int {
	return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Key, b.Key))
}

// config is what was said of all results; what changed from one to another
// tells rows apart and counts as the same.
func (o *output) config() map[string]string {
	said := map[string]string{}
	for _, c := range o.results[0].Config {
		said[c.Key] = string(c.Value)
	}
	for _, r := range o.results {
		for key := range said {
			if r.GetConfig(key) != said[key] {
				said[key] = ""
			}
		}
	}
	return said
}

// write adds a run.
func (r *Raw) write(side Side, o *output) error {
	if r == nil {
		return nil
	}
	for _, result := range o.results {
		for _, key := range r.differ {
			result.SetConfig(key, "")
		}
		result.SetConfig("side", side.String())
		at, _ := result.ConfigIndex("side")
		result.Config[at].File = true
		if err := r.out.Write(result); err != nil {
			return err
		}
	}
	return nil
}
