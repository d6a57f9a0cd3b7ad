package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var control = regexp.MustCompile(`(?m)^=== RUN +TestBrokenSources/((memcheck|racecheck)/\S+)$`)

// controls are sources with a mistake each, which the tools must see.
func (s *session) controls() result {
	if _, err := findSanitizer("/usr/local/cuda/bin"); err != nil {
		return result{err: err}
	}
	output, err := s.command("controls", s.device, "-test.v", "-test.run=^TestBrokenSources$")
	all := control.FindAllStringSubmatch(output, -1)
	if err == nil && len(all) == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		return result{output: output, err: err}
	}
	found := make([]finding, len(all))
	s.each(len(all), func(i int) {
		name, tool := all[i][1], all[i][2]
		output, err := s.under(tool, "controls-"+strings.ReplaceAll(name, "/", "-"), "-test.run=^TestBrokenSource$", "-cuda.broken="+name)
		found[i] = findingOf(part{module: name}, output, err)
	})
	return seen(found)
}

// seen is the result of controls: how many mistakes were seen.
func seen(found []finding) (r result) {
	var missed []string
	for _, f := range found {
		if f.problems == 0 {
			missed = append(missed, fmt.Sprintf("%s: %s, %v", f.module, f.summary, f.err))
		}
	}
	r.notes = []string{fmt.Sprintf("%d of %d mistakes seen", len(found)-len(missed), len(found))}
	if len(missed) > 0 {
		r.err = errors.New("not seen: " + strings.Join(missed, "; "))
	}
	return r
}
