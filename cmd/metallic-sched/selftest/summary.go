package selftest

import "fmt"

// Summary is what cases of one kernel and types have in common.
type Summary struct {
	Kernel, Types string
	Outcome       Outcome
	Cases, Failed int
	Measure
	Shape string // of the case that is farthest off
	Why   string // of the first that failed
}

// Summarise adds up cases by kernel and types, in the order in which they come.
func Summarise(cases []Case) (all []*Summary) {
	byName := map[[2]string]*Summary{}
	for _, c := range cases {
		key := [2]string{c.Kernel, c.Types}
		s := byName[key]
		if s == nil {
			s = &Summary{Kernel: c.Kernel, Types: c.Types, Outcome: Passed}
			byName[key] = s
			all = append(all, s)
		}
		s.add(c)
	}
	return all
}

func (s *Summary) add(c Case) {
	s.Cases++
	s.Outcome = Worst(s.Outcome, c.Outcome)
	shape := c.Shape
	if c.Mask != "" {
		shape += " " + c.Mask
	}
	if c.OfBound >= s.OfBound {
		s.Shape = shape
	}
	s.merge(c.Measure)
	if c.Outcome != Failed {
		return
	}
	if s.Failed++; s.Why == "" {
		s.Why = c.Error
		if c.Error == "" {
			s.Why = fmt.Sprintf("%s: element %v is %s; want %s: %.3g times the bound", shape, c.At, c.Got, c.Want, c.OfBound)
		}
	}
}
