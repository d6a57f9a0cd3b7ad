package ab

import (
	"io"

	"golang.org/x/perf/benchfmt"
)

// Raw writes the benchmark lines of both sides, those of a side after a line
// "side: a" or "side: b"; benchstat -col side reads them. Of each pair a comes
// first, whichever ran first, so that benchstat compares b with a.
type Raw struct{ out *benchfmt.Writer }

// NewRaw returns a Raw that writes to w.
func NewRaw(w io.Writer) *Raw { return &Raw{benchfmt.NewWriter(w)} }

// write adds a run.
func (r *Raw) write(side Side, o *output) error {
	if r == nil {
		return nil
	}
	for _, u := range o.units {
		if err := r.out.Write(u); err != nil {
			return err
		}
	}
	for _, result := range o.results {
		result.SetConfig("side", side.String())
		at, _ := result.ConfigIndex("side")
		result.Config[at].File = true
		if err := r.out.Write(result); err != nil {
			return err
		}
	}
	return nil
}
