package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
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

// partsIn returns the functions that a log of entries names, and that match.
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
	return all
}

// pattern matches the tests of the functions.
func (p part) pattern() string {
	return "^" + strings.ReplaceAll(p.module, "/", "$/^") + "$/^(" + strings.Join(p.functions, "|") + ")$"
}

func (p part) String() string {
	return strings.ReplaceAll(strings.TrimPrefix(p.module, "TestEveryEntry/"), "/", "-") + "-" + p.functions[0]
}

func (s *session) memcheck() result {
	// Without padding what lies past a block may be the next one.
	return s.sanitize("memcheck", "--padding", "4096", "--check-warpgroup-mma", "yes")
}

func (s *session) racecheck() result {
	// The barriers of hopper.cu are no cuda::barrier, which the tool would count.
	return s.sanitize("racecheck", "--num-cuda-barriers", "16", "--racecheck-num-workers", "2")
}

// sanitize tests functions in processes, several at a time.
func (s *session) sanitize(tool string, options ...string) result {
	program, err := findSanitizer("/usr/local/cuda/bin")
	if err != nil {
		return result{err: err}
	}
	if s.parts == nil { // and the cache of machine code is filled
		if r := s.entries(); r.err != nil {
			return r
		}
	}
	found := make([]finding, len(s.parts))
	free := make(chan struct{}, s.processes)
	var all sync.WaitGroup
	for i, p := range s.parts {
		free <- struct{}{}
		all.Go(func() {
			args := append([]string{"--tool", tool, "--error-exitcode", "77"}, options...)
			args = append(args, s.device, "-test.v", "-test.run="+p.pattern())
			output, err := s.command(fmt.Sprintf("%s-%v", tool, p), program, args...)
			found[i] = findingOf(p, output, err)
			<-free
		})
	}
	all.Wait()
	return joined(found)
}

// findSanitizer looks in PATH and in the toolkit's usual place.
func findSanitizer(usual string) (string, error) {
	const name = "compute-sanitizer"
	if program, err := exec.LookPath(name); err == nil {
		return program, nil
	}
	program, err := exec.LookPath(filepath.Join(usual, name))
	if err != nil {
		return "", fmt.Errorf("NOT RUN: no %s in PATH or %s; it is in the CUDA toolkit (package cuda-sanitizer)", name, usual)
	}
	return program, nil
}

// finding is what a tool said of a part.
type finding struct {
	part
	launches int
	summary  string // the tool's own, "" if it came to none
	problems int
	err      error
}

var (
	summary  = regexp.MustCompile(`(?m)^=+ (?:ERROR|RACECHECK) SUMMARY: ((\d+) (?:errors?|hazards? displayed).*)$`)
	launches = regexp.MustCompile(`(?m): \d+ functions, (\d+) launches$`)
)

func findingOf(p part, output string, err error) finding {
	f := finding{part: p, err: err}
	if m := summary.FindStringSubmatch(output); m != nil {
		f.summary = m[1]
		f.problems, _ = strconv.Atoi(m[2])
	}
	if m := launches.FindStringSubmatch(output); m != nil {
		f.launches, _ = strconv.Atoi(m[1])
	}
	switch {
	case f.err != nil:
	case f.summary == "":
		f.err = errors.New("the tool came to no end")
	case f.launches == 0:
		f.err = errors.New("nothing was launched")
	}
	return f
}

// joined is the result of all parts.
func joined(found []finding) (r result) {
	functions, launched, problems := 0, 0, 0
	var failed []string
	for _, f := range found {
		functions += len(f.functions)
		launched += f.launches
		problems += f.problems
		if f.err != nil {
			failed = append(failed, fmt.Sprintf("%v: %v %s", f.part, f.err, f.summary))
		}
	}
	r.notes = []string{fmt.Sprintf("%d functions, %d launches, %d errors or hazards", functions, launched, problems)}
	if len(failed) > 0 {
		r.err = fmt.Errorf("%d of %d processes: %s", len(failed), len(found), strings.Join(failed, "; "))
	}
	return r
}
