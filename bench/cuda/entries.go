package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func (s *session) entries() result {
	output, err := s.command("entries", s.device, "-test.v", "-test.timeout=30m", "-test.run=^TestEveryEntry$")
	r := result{output: output, err: err}
	s.parts = partsIn(output, s.functions)
	r.notes = totals.FindAllString(output, -1)
	if err == nil && len(s.parts) == 0 {
		r.err = fmt.Errorf("no function like %q was tested", s.functions)
	}
	return r
}

var (
	function = regexp.MustCompile(`(?m)^=== RUN +(TestEveryEntry/[^/]+/[^/]+/[^/]+)/([^/\s]+)$`)
	totals   = regexp.MustCompile(`sm_\w+: \d+ modules, \d+ functions, \d+ launches`)
)

// mostTogether is how many functions of a module a process has.
const mostTogether = 4

// part is some functions of a module.
type part struct {
	module    string // its test
	functions []string
}

// partsIn returns the functions that a log of entries names, and that match. What
// takes long comes first: functions that are many have many tiles.
func partsIn(log string, like *regexp.Regexp) (all []part) {
	for _, m := range function.FindAllStringSubmatch(log, -1) {
		if !like.MatchString(m[1] + "/" + m[2]) {
			continue
		}
		if n := len(all) - 1; n >= 0 && all[n].module == m[1] && len(all[n].functions) < mostTogether {
			all[n].functions = append(all[n].functions, m[2])
			continue
		}
		all = append(all, part{m[1], m[2:]})
	}
	slices.SortStableFunc(all, func(a, b part) int { return len(b.functions) - len(a.functions) })
	return all
}

// pattern matches the tests of the functions.
func (p part) pattern() string {
	return "^" + strings.ReplaceAll(p.module, "/", "$/^") + "$/^(" + strings.Join(p.functions, "|") + ")$"
}

func (p part) String() string {
	return strings.ReplaceAll(strings.TrimPrefix(p.module, "TestEveryEntry/"), "/", "-") + "-" + p.functions[0]
}
