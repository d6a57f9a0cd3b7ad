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
	s.modules = modulesIn(output)
	r.notes = totals.FindAllString(output, -1)
	if err == nil && len(s.modules) == 0 {
		r.err = errors.New("no module was tested")
	}
	return r
}

var (
	module = regexp.MustCompile(`(?m)^=== RUN +(TestEveryEntry/[^/]+/[^/]+/[^/\s]+)$`)
	totals = regexp.MustCompile(`sm_\w+: \d+ modules, \d+ functions, \d+ launches`)
)

// modulesIn returns the tests of modules that a log of entries names.
func modulesIn(log string) (all []string) {
	for _, m := range module.FindAllStringSubmatch(log, -1) {
		all = append(all, m[1])
	}
	return all
}

// pattern matches one test.
func pattern(test string) string {
	return "^" + strings.ReplaceAll(test, "/", "$/^") + "$"
}

func (s *session) memcheck() result {
	// Without padding what lies past a block may be the next one.
	return s.sanitize("memcheck", "--padding", "4096", "--check-warpgroup-mma", "yes")
}

func (s *session) racecheck() result {
	// The barriers of hopper.cu are no cuda::barrier, which the tool would count.
	return s.sanitize("racecheck", "--num-cuda-barriers", "16", "--racecheck-num-workers", "2")
}

// sanitize tests every module in a process of its own, several at a time.
func (s *session) sanitize(tool string, options ...string) result {
	program, err := findSanitizer("/usr/local/cuda/bin")
	if err != nil {
		return result{err: err}
	}
	if s.modules == nil { // and the cache of machine code is filled
		if r := s.entries(); r.err != nil {
			return r
		}
	}
	found := make([]finding, len(s.modules))
	free := make(chan struct{}, s.processes)
	var all sync.WaitGroup
	for i, test := range s.modules {
		free <- struct{}{}
		all.Go(func() {
			args := append([]string{"--tool", tool, "--error-exitcode", "77"}, options...)
			args = append(args, s.device, "-test.v", "-test.run="+pattern(test))
			output, err := s.command(tool+"-"+strings.ReplaceAll(test, "/", "-"), program, args...)
			found[i] = findingOf(test, output, err)
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

// finding is what a tool said of a module.
type finding struct {
	test     string
	launches int
	summary  string // the tool's own, "" if it came to none
	problems int
	err      error
}

var (
	summary  = regexp.MustCompile(`(?m)^=+ (?:ERROR|RACECHECK) SUMMARY: ((\d+) (?:errors?|hazards? displayed).*)$`)
	launches = regexp.MustCompile(`(?m): \d+ functions, (\d+) launches$`)
)

func findingOf(test, output string, err error) finding {
	f := finding{test: test, err: err}
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

// joined is the result of all modules.
func joined(found []finding) (r result) {
	launched, problems := 0, 0
	var failed []string
	for _, f := range found {
		launched += f.launches
		problems += f.problems
		if f.err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v %s", f.test, f.err, f.summary))
		}
	}
	r.notes = []string{fmt.Sprintf("%d modules, %d launches, %d errors or hazards", len(found), launched, problems)}
	if len(failed) > 0 {
		r.err = fmt.Errorf("%d modules: %s", len(failed), strings.Join(failed, "; "))
	}
	return r
}
