package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// step is one of the things that are done.
type step struct {
	name string
	of   string // the package whose tests it runs, if any
	what string
	run  func(*session) result
}

const ofDevice, ofScheduler = "./device/cuda", "./scheduler"

// steps in the order in which they run: the first two fill the cache of machine
// code for those under compute-sanitizer, which would wait long for it.
var steps = []step{
	{"conformance", ofDevice, "all tests of the device, of one without memory among them: the conformance suite with every kernel, type and layout against float64, bits of a column alone and among others, every tile; the same with the kernels of other GPUs", (*session).conformance},
	{"entries", ofDevice, "every function of every module that jobs and attentions can start, against known products", (*session).entries},
	{"controls", ofDevice, "sources with a mistake each under compute-sanitizer, which must see it", (*session).controls},
	{"memcheck", ofDevice, "every function under compute-sanitizer, memcheck", (*session).memcheck},
	{"racecheck", ofDevice, "every function under compute-sanitizer, racecheck", (*session).racecheck},
	{"stress", ofScheduler, "1,000,000 jobs with cancellations, deadlines and restarts of actors", (*session).stress},
	{"bench", ofDevice, "the benchmarks of the device", (*session).bench},
	{"requests", ofScheduler, "requests of a host vector each, and products that keep the GPU busy, through the scheduler", (*session).requests},
	{"torch", "", "PyTorch, the same products and requests", (*session).pytorch},
}

func names() (all []string) {
	for _, s := range steps {
		all = append(all, s.name)
	}
	return all
}

var passed = regexp.MustCompile(`(?m)^\s*--- PASS`)

// tests runs tests of a binary.
func (s *session) tests(log, binary string, args ...string) result {
	output, err := s.command(log, binary, append([]string{"-test.v", "-test.timeout=30m"}, args...)...)
	r := result{output: output, err: err, notes: []string{fmt.Sprintf("%d tests passed", len(passed.FindAllString(output, -1)))}}
	if err == nil && strings.Contains(output, "no tests to run") {
		r.err = fmt.Errorf("no such tests in %s", binary)
	}
	return r
}

func (s *session) conformance() result {
	return s.tests("conformance", s.device, "-test.skip=^TestEveryEntry$", "-cuda.full")
}

func (s *session) stress() result {
	return s.tests("stress", s.scheduler, "-test.run=^TestStress$", "-stress.device=cuda")
}

// bench times kernels by the GPU's clock, which takes one turn, and what a queue
// does by the host's, which takes many.
func (s *session) bench() result {
	r := s.benchmarks("bench", s.device, "-test.bench=Matmul|Softmax", "-test.benchtime=1x")
	output, err := s.command("bench-queue", s.device, "-test.run=NONE", "-test.bench=Queue", "-test.benchtime=2000x")
	r.figures = append(r.figures, figuresOf(output)...)
	r.err = errors.Join(r.err, err)
	return r
}

func (s *session) requests() result {
	return s.benchmarks("requests", s.scheduler, "-test.bench=Vectors|Saturated|Load", "-stress.device=cuda")
}

func (s *session) benchmarks(log, binary string, args ...string) result {
	output, err := s.command(log, binary, append([]string{"-test.run=NONE", "-test.timeout=30m"}, args...)...)
	r := result{output: output, err: err, figures: figuresOf(output)}
	r.notes = []string{fmt.Sprintf("%d benchmarks", len(r.figures))}
	if err == nil && len(r.figures) == 0 {
		r.err = fmt.Errorf("no benchmark in %s", binary)
	}
	return r
}

// pytorch is left out, and says so, where PyTorch is not installed.
func (s *session) pytorch() result {
	if output, err := s.command("torch", s.python, "-c", "import torch; assert torch.cuda.is_available()"); err != nil {
		lines := strings.Split(strings.TrimSpace(err.Error()+"\n"+output), "\n")
		return result{skipped: fmt.Sprintf("no PyTorch for the GPU in %s: %s", s.python, lines[len(lines)-1])}
	}
	var r result
	for _, program := range []string{"peer", "requests"} {
		output, err := s.command("torch-"+program, s.python, s.torch+"/"+program+".py")
		if r.output += output; err != nil {
			r.err = err
		}
		r.figures = append(r.figures, figuresOf(output)...)
	}
	version, _, _ := strings.Cut(r.output, "\n")
	r.notes = []string{version, fmt.Sprintf("%d figures", len(r.figures))}
	return r
}
