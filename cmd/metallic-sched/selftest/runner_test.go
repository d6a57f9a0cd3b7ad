package selftest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newRunner returns one of a device that behaves badly in some parts.
func newRunner(t *testing.T, timeout time.Duration, bad string, in ...Part) *Runner {
	program, err := os.Executable()
	require.NoError(t, err)
	return &Runner{
		Command: func(ctx context.Context, part Part) *exec.Cmd {
			cmd := exec.CommandContext(ctx, program)
			cmd.Env = append(os.Environ(), "SELFTEST_PART="+string(part))
			if slices.Contains(in, part) {
				cmd.Env = append(cmd.Env, "SELFTEST_DEVICE="+bad)
			}
			return cmd
		},
		Timeout: timeout, Scrub: scrubber(nil, nil), Progress: func(Part, string) {},
	}
}

// run runs all parts.
func run(ctx context.Context, t *testing.T, bad string, in ...Part) *Report {
	report := &Report{Requested: "auto"}
	newRunner(t, 5*time.Minute, bad, in...).Run(ctx, report)
	require.Len(t, report.Parts, len(Parts))
	return report
}

func outcomes(r *Report) map[Part]Outcome {
	all := map[Part]Outcome{}
	for _, p := range r.Parts {
		all[p.Part] = p.Outcome
	}
	return all
}

func TestRunner(t *testing.T) {
	r := run(t.Context(), t, "")
	require.Equal(t, map[Part]Outcome{
		PartDevice: Passed, PartConformance: NotTested, PartNumerics: NotTested, PartBenchmark: NotTested, PartScheduler: NotTested,
	}, outcomes(r))
	require.Equal(t, "sim", r.DeviceName())
	require.Equal(t, NotTested, r.Outcome())
	for _, p := range r.Parts {
		require.Empty(t, p.Error)
	}
}

// A crash fails its part, with what the process said; the others go on.
func TestRunnerCrash(t *testing.T) {
	r := run(t.Context(), t, "crash", PartConformance, PartNumerics)
	require.Equal(t, map[Part]Outcome{
		PartDevice: Passed, PartConformance: Failed, PartNumerics: Failed, PartBenchmark: NotTested, PartScheduler: NotTested,
	}, outcomes(r))
	for _, p := range r.Parts[1:3] {
		require.Contains(t, p.Error, "exit status 2")
		require.Contains(t, p.Log, "panic: the driver crashed")
		require.Contains(t, p.Log, "main_test.go")
		require.NotContains(t, p.Log, "/selftest/main_test.go")
	}
	require.Contains(t, r.Conformance.Checks[0].Log, "it did not end")
}

// A hang ends with the time that there is, and shows where the goroutines are.
func TestRunnerHang(t *testing.T) {
	e := newRunner(t, 2*time.Second, "hang", PartBenchmark).part(t.Context(), PartBenchmark, &Report{})
	require.Equal(t, Failed, e.Outcome)
	require.Contains(t, e.Error, "did not end within 2s")
	require.Contains(t, e.Log, "SIGQUIT")
}

func TestRunnerLeak(t *testing.T) {
	r := run(t.Context(), t, "leaky", PartConformance)
	require.Equal(t, Failed, outcomes(r)[PartConformance])
	require.Empty(t, r.Parts[1].Error, "the checks say all")
	first := r.Conformance.Checks[0]
	require.Equal(t, leaks, first.Name)
	require.Equal(t, Failed, first.Outcome)
	require.Contains(t, first.Log, "goroutines are left over after Close")
}

func TestRunnerWithoutDevice(t *testing.T) {
	r := run(t.Context(), t, "missing", PartDevice)
	require.Equal(t, Failed, outcomes(r)[PartDevice])
	require.Equal(t, "there is none in 0", r.Parts[0].Error)
	require.Equal(t, NotRun, outcomes(r)[PartScheduler])
	require.Equal(t, "auto", r.DeviceName())
}

func TestRunnerInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := run(ctx, t, "")
	for _, p := range r.Parts {
		require.Equal(t, NotRun, p.Outcome)
		require.Equal(t, "interrupted", p.Error)
	}
}
