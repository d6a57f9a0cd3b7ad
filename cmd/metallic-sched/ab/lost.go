package ab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lostUnit is the part of its jobs that a run lost. They count as endlessly late,
// so that a percentile may not be there at all.
const lostUnit = "lost/op"

// Lost is what either side lost of a row's jobs, on the average of the runs.
// Whoever loses jobs has less to do: a side that is faster may be so for that.
type Lost struct {
	Name string  `json:"name"`
	A    float64 `json:"a"`
	B    float64 `json:"b"`
}

func (l Lost) String() string {
	return fmt.Sprintf("%s: a lost %.3g %% of its jobs, b %.3g %%", l.Name, 100*l.A, 100*l.B)
}

// lostIn says what a row lost, or "" if nothing.
func (o *output) lostIn(name string) string {
	if o.lost[name] == 0 {
		return ""
	}
	return fmt.Sprintf("; it lost %.3g %% of its jobs there", 100*o.lost[name])
}

// lostAll says what every row lost.
func (o *output) lostAll() string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.lost)) {
		fmt.Fprintf(&all, "; %s lost %.3g %% of its jobs", name, 100*o.lost[name])
	}
	return all.String()
}

// losses are the rows of which jobs were lost.
func losses(all []pairs) (out []Lost) {
	for i := range all {
		p := &all[i]
		if p.lost != [2]float64{} {
			n := float64(len(p.a))
			out = append(out, Lost{p.name, p.lost[A] / n, p.lost[B] / n})
		}
	}
	return out
}
