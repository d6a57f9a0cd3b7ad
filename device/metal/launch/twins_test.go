package launch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// twin is a kernel with one mistake: the n-th (from 1, 0 for the only) place
// with the text was changed.
type twin struct {
	kernel   string
	mistake  string
	text     string
	n        int
	instead  string
	withoutR bool // with caps that have no SIMD reductions
}

// twins holds the list of each file of shaders.
var twins []twin

// tool may find out what is wrong with a kernel.
type tool struct {
	name     string
	programs *programs
	schedule msl.Schedule
}

// TestTwinsAreCaught tests the tester: each twin must be caught by something.
func TestTwinsAreCaught(t *testing.T) {
	onceUnderRace(t)
	// In processes of their own, since a mistake may end them.
	plain, threads, addresses := sanitized(t, msl.None), sanitized(t, msl.Thread), sanitized(t, msl.Address)
	tools := []tool{
		{"results, forward", plain, msl.Forward},
		{"results, reverse", plain, msl.Reverse},
		{"results, random", plain, msl.Random(1)},
		{"thread sanitizer", threads, msl.Forward},
		{"address sanitizer", addresses, msl.Forward},
	}
	for _, w := range twins {
		t.Run(w.kernel+" "+w.mistake, func(t *testing.T) {
			t.Parallel()
			for _, tool := range tools {
				if err := w.hunt(t, tool); err != nil {
					t.Logf("caught by %s: %s", tool.name, firstLine(err.Error()))
					return
				}
			}
			t.Error("nothing caught it")
		})
	}
}

// hunt returns what a tool says of the twin.
func (w twin) hunt(t *testing.T, tool tool) error {
	r := &rig{programs: tool.programs, schedule: tool.schedule, edit: func(source string) string { return w.apply(t, source) }}
	caps, row := apple, *kernels.Default.Find(w.kernel)
	caps.SIMDReduction = !w.withoutR
	row.Types, row.Mixed = []tensor.DType{tensor.F32, tensor.F16}, false
	return kerneltest.Hunt(r.implementation(caps, nil), &row, 1, r.ran)
}

func (w twin) apply(t testing.TB, source string) string {
	parts := strings.Split(source, w.text)
	if w.n == 0 {
		require.Len(t, parts, 2, "the text must stand there once: %q", w.text)
	}
	n := max(w.n, 1)
	require.Greater(t, len(parts), n, "%q", w.text)
	return strings.Join(parts[:n], w.text) + w.instead + strings.Join(parts[n:], w.text)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
