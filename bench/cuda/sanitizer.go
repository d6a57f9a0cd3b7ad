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

// toolOptions are those of compute-sanitizer's tools. Without padding what lies
// past a block may be the next one. The barriers of hopper.cu are no cuda::barrier,
// which racecheck would count.
var toolOptions = map[string][]string{
	"memcheck":  {"--padding", "4096", "--check-warpgroup-mma", "yes"},
	"racecheck": {"--num-cuda-barriers", "16", "--racecheck-num-workers", "2"},
}

// under runs tests of the device under a tool. A test that passes ends with 77
// if the tool found something.
func (s *session) under(tool, log string, args ...string) (output string, err error) {
	program, err := findSanitizer("/usr/local/cuda/bin")
	if err != nil {
		return "", err
	}
	all := append([]string{"--tool", tool, "--error-exitcode", "77"}, toolOptions[tool]...)
	return s.command(log, program, append(append(all, s.device, "-test.v"), args...)...)
}

// each calls do for 0 to n-1, some at a time.
func (s *session) each(n int, do func(i int)) {
	free := make(chan struct{}, s.processes)
	var all sync.WaitGroup
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			do(i)
			<-free
		})
	}
	all.Wait()
}

func (s *session) memcheck() result  { return s.sanitize("memcheck") }
func (s *session) racecheck() result { return s.sanitize("racecheck") }

// sanitize tests all functions under a tool.
func (s *session) sanitize(tool string) result {
	if _, err := findSanitizer("/usr/local/cuda/bin"); err != nil {
		return result{err: err}
	}
	if s.parts == nil { // and the cache of machine code is filled
		if r := s.entries(); r.err != nil {
			return r
		}
	}
	found := make([]finding, len(s.parts))
	s.each(len(s.parts), func(i int) {
		p := s.parts[i]
		output, err := s.under(tool, fmt.Sprintf("%s-%v", tool, p), "-test.run="+p.pattern())
		found[i] = findingOf(p, output, err)
	})
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
	case f.problems > 0: // whatever it ends with
		f.err = errors.New("the tool ended as if nothing were wrong")
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
