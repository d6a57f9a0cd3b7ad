package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/cpu/peak"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // parse has said why
	}
	if err := start(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// start runs the comparison in this process, or in another one in which the
// peer uses the processor.
func start(o *options) error {
	library, err := findBLAS(o)
	if err != nil {
		return err
	}
	core := betterCore(library.Version, cpu.Best())
	if o.core != "" || core == "" {
		return run(o, os.Stdout)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	again := exec.Command(program, append([]string{"-core", core}, os.Args[1:]...)...)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	return again.Run()
}

// betterCore names the kernels that an OpenBLAS should be told to use which
// does not know the processor; it has then taken those of 2004.
func betterCore(version string, level cpu.Level) string {
	if !strings.HasSuffix(version, "Prescott") {
		return ""
	}
	return map[cpu.Level]string{cpu.AVX2: "Haswell", cpu.AVX512: "SkylakeX"}[level]
}

// sections in the order in which they run.
var sections = []struct {
	name string
	run  func(*session, *machine) error
}{
	{"sgemm", (*session).sgemm},
	{"smalln", (*session).smallN},
	{"softmax", (*session).softmax},
	{"headline", (*session).headline},
	{"decode", (*session).decode},
}

// session is one run of the command.
type session struct {
	*options
	out     io.Writer
	summary []string // printed at the end
}

func run(o *options, out io.Writer) error {
	s := &session{options: o, out: out}
	library, err := findBLAS(o)
	if err != nil {
		return err
	}
	peers := library.String()
	if o.ggml != "" {
		g, err := openGGML(o.ggml)
		if err != nil {
			return err
		}
		peers += ", ggml " + g.version()
		defer func() { theGGML = nil }()
		theGGML = g
	}
	s.printf("%s, %s, %s/%s; ours: %v; loops: %s; peers: %s; medians of %d\n\n", processor(), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, cpu.Best(), peak.Name(), peers, o.reps)
	for _, section := range sections {
		if !slices.Contains(o.sections, section.name) {
			continue
		}
		for _, threads := range o.threads {
			if err := s.on(threads, library, section.run); err != nil {
				return fmt.Errorf("%s: %w", section.name, err)
			}
		}
	}
	for _, line := range s.summary {
		s.printf("%s\n", line)
	}
	return nil
}

// findBLAS opens the peer as it comes or for the core that was asked for,
// without settings of the environment that may slow it down. Its threads look for work for half a millisecond, not 0.1 s,
// before they sleep: long enough between calls, short enough for the others.
func findBLAS(o *options) (*blas.Library, error) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OPENBLAS_") {
			_ = os.Unsetenv(name)
		}
	}
	_ = os.Setenv("OPENBLAS_THREAD_TIMEOUT", "18")
	if o.core != "" {
		_ = os.Setenv("OPENBLAS_CORETYPE", o.core)
	}
	return blas.Find(o.blas)
}

// on runs a section on a machine of so many threads.
func (s *session) on(threads int, library *blas.Library, section func(*session, *machine) error) error {
	m, err := newMachine(threads, library)
	if err != nil {
		return err
	}
	defer m.close()
	return section(s, m)
}

func (s *session) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

func (s *session) conclude(format string, args ...any) {
	s.summary = append(s.summary, fmt.Sprintf(format, args...))
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}
