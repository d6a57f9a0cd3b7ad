package suite

import (
	"fmt"
	"strings"
)

// Suite is the benchmarks of one subject.
type Suite struct {
	Name  string
	About string // what it shows
	Cases []Case // those of equal Works in a row
}

// All returns every suite.
func All() []Suite {
	return []Suite{matmulDispatcher(), matmulSmallN(), softmaxDispatcher(), mlxVsMPS(), sdpa()}
}

// Names lists the names of all suites.
func Names() (names []string) {
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// Find returns the suite of that name.
func Find(name string) (Suite, error) {
	for _, s := range All() {
		if s.Name == name {
			return s, nil
		}
	}
	return Suite{}, fmt.Errorf("suite: no suite is called %q; allowed: %s", name, strings.Join(Names(), ", "))
}

// add appends a work's cases.
func (s *Suite) add(w Work, backends ...Backend) {
	for _, b := range backends {
		s.Cases = append(s.Cases, Case{s.Name, w, b})
	}
}
