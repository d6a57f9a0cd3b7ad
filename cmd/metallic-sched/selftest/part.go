package selftest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
)

// Part is one of the things that a self-test does.
type Part string

// The parts.
const (
	PartDevice      Part = "device" // open it and describe it
	PartConformance Part = "conformance"
	PartNumerics    Part = "numerics"
	PartBenchmark   Part = "benchmark"
	PartScheduler   Part = "scheduler"
)

// Parts lists every Part, in the order in which they run.
var Parts = []Part{PartDevice, PartConformance, PartNumerics, PartBenchmark, PartScheduler}

// Setup is what the parts work with.
type Setup struct {
	Open      func() (device.Device, error) // the device under test
	Reference func() (device.Device, error) // the cpu device
	Quick     bool                          // fewer and smaller shapes

	tell func(format string, args ...any) // says what is being done
}

// Serve runs a part in this process and writes what it finds to out, for the
// Runner that started it. The error is one of writing.
//
// For PartConformance it does not return: package testing ends the process.
// There out is not used but os.Stdout.
func Serve(ctx context.Context, part Part, s Setup, out io.Writer) error {
	if part == PartConformance {
		serveConformance(s) // never returns
	}
	lines := json.NewEncoder(out)
	s.tell = func(format string, args ...any) {
		_ = lines.Encode(event{Progress: fmt.Sprintf(format, args...)})
	}
	result, err := s.run(ctx, part)
	e := event{}
	if err != nil {
		e.Error = err.Error()
	}
	if result != nil {
		if e.Result, err = json.Marshal(result); err != nil {
			return err
		}
	}
	return lines.Encode(e)
}

// run may return a result and an error.
func (s Setup) run(ctx context.Context, part Part) (any, error) {
	switch part {
	case PartDevice:
		return s.describe()
	case PartNumerics:
		return s.numerics(ctx)
	case PartBenchmark:
		return s.benchmark(ctx)
	case PartScheduler:
		return s.crowd(ctx)
	case PartConformance:
	}
	return nil, fmt.Errorf("selftest: part %q is not known; allowed are %q", part, Parts)
}

// ParsePart returns the Part of a name.
func ParsePart(name string) (Part, error) {
	if p := Part(name); slices.Contains(Parts, p) {
		return p, nil
	}
	return "", fmt.Errorf("selftest: part %q is not known; allowed are %q", name, Parts)
}

// event is one line from a part to its Runner.
type event struct {
	Progress string          `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}
