package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// explained runs explain with some variables and returns what it says.
func explained(t *testing.T, variables map[string]string, args ...string) (out explanation, warnings string) {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	code := execute(append([]string{"explain", "-json", "-device", "sim"}, args...), streams{&stdout, &stderr})
	require.Zero(t, code, stderr.String())
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &out))
	return out, stderr.String()
}

// Every command that chooses kernels goes by the profile, and a variable counts
// more.
func TestExplainGoesByTheProfile(t *testing.T) {
	d, err := discover.Open("sim", discover.Config{})
	require.NoError(t, err)
	most := 2
	p := &profile.Profile{
		Version: profile.Version, Machine: profile.MachineOf(d.Info()), Settings: profile.Settings{SmallNMaxN: &most},
	}
	require.NoError(t, d.Close())
	path := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, p.Save(path))

	e, warnings := explained(t, map[string]string{"METALLIC_PROFILE": path}, "matmul", "64x64x4")
	require.Equal(t, "mlx", e.Backend)
	require.Contains(t, e.Rules[2].Reason, "N=4 > SMALLN_MAX_N=2")
	require.Empty(t, warnings)
	e, _ = explained(t, map[string]string{"METALLIC_PROFILE": path, "METALLIC_MATMUL_SMALLN_MAX_N": "8"}, "matmul", "64x64x4")
	require.Equal(t, "smalln", e.Backend)
}

func TestTuneWritesWhatItFound(t *testing.T) {
	t.Setenv("METALLIC_PROFILE", filepath.Join(t.TempDir(), "mine.profile"))
	most, linger := 12, 20*time.Microsecond
	gains := []profile.Gain{{X: 8, Median: 0.5, Low: 0.4, High: 0.6, Rounds: 9}, {X: 16, Median: 2, Low: 1.8, High: 2.2, Rounds: 9}}
	p := &profile.Profile{
		Version: profile.Version, Machine: profile.Machine{Backend: "cpu", Device: "a <processor>"},
		Settings: profile.Settings{SmallNMaxN: &most, Linger: &linger},
		Crossovers: []profile.Crossover{{
			Variable: profile.VarSmallNMaxN, Axis: "columns", Below: "smalln", Above: "simd", Default: 8, Found: 12, Why: "it is faster",
			Points: gains, Classes: []profile.ClassGain{{Class: "896x896", Gains: gains}},
		}},
		Curves: []profile.Curve{{Family: "simd", Class: "896x896", Points: []profile.Point{{X: 1, Time: 1000}, {X: 64, Time: 5000}}}},
		Trials: []profile.Trial{{Variable: profile.VarLinger, Value: "20µs", Gain: gains[1]}},
		Verdicts: []profile.Verdict{{
			Variable: profile.VarSmallNMaxN, Default: "8", Tried: "12", Kept: true, Why: "faster: held out",
			Suites: []profile.SuiteGain{{Suite: "held out", Changed: 3, Shapes: 9, Gain: gains[1]}},
		}},
	}
	var c tuneCommand
	path := c.paths()
	require.Equal(t, "mine.profile", filepath.Base(path))
	require.Equal(t, "mine.html", filepath.Base(c.HTML))
	require.Empty(t, os.Getenv("METALLIC_PROFILE"), "what it says must not be loaded")
	var out bytes.Buffer
	require.NoError(t, c.write(&out, path, p))
	for _, want := range []string{
		"held out │ 3 of 9               │ 2.000x (1.800 to 2.200)", "12    │ it is faster", "yes  │ faster: held out", "export METALLIC_PROFILE=" + path,
		"export METALLIC_MATMUL_SMALLN_MAX_N=12\nexport METALLIC_LINGER=20µs\n", "20µs, gives 2.000x (1.800 to 2.200)",
	} {
		require.Contains(t, out.String(), want)
	}
	saved, err := profile.Load(path)
	require.NoError(t, err)
	require.Equal(t, p, saved)
	page, err := os.ReadFile(c.HTML)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(page), "<svg"))
	require.Contains(t, string(page), "a &lt;processor&gt;")
	require.Contains(t, string(page), "2.000x (1.800 to 2.200)")

	nowhere := filepath.Join(t.TempDir(), "none", "b.json")
	out.Reset()
	require.ErrorIs(t, c.write(&out, nowhere, p), os.ErrNotExist)
	require.Contains(t, out.String(), "export METALLIC_LINGER=20µs\n")
	require.NotContains(t, out.String(), "The profile is in")

	c = tuneCommand{Output: "a/b.json"}
	require.Equal(t, "a/b.json", c.paths())
	require.Equal(t, "a/b.html", c.HTML)
}
