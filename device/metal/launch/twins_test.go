package launch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
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

// Tests the tester: each twin must be caught by something.
func TestTwinsAreCaught(t *testing.T) {
	tools := []struct {
		name string
		rig  *rig
	}{
		{"results, forward", &rig{programs: sanitized(t, msl.None), schedule: msl.Forward}},
		{"results, reverse", &rig{programs: sanitized(t, msl.None), schedule: msl.Reverse}},
		{"results, random", &rig{programs: sanitized(t, msl.None), schedule: msl.Random(1)}},
		{"thread sanitizer", &rig{programs: sanitized(t, msl.Thread), schedule: msl.Forward}},
		{"address sanitizer", &rig{programs: sanitized(t, msl.Address), schedule: msl.Forward}},
	}
	for _, w := range twins {
		t.Run(w.kernel+" "+w.mistake, func(t *testing.T) {
			caps := apple
			caps.SIMDReduction = !w.withoutR
			for _, tool := range tools {
				tool.rig.edit = func(source string) string { return w.apply(t, source) }
				err := kerneltest.Hunt(tool.rig.implementation(caps, nil), kernels.Default.Find(w.kernel), 1, tool.rig.ran)
				if err != nil {
					t.Logf("caught by %s: %s", tool.name, firstLine(err.Error()))
					return
				}
			}
			t.Error("nothing caught it")
		})
	}
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
