package selftest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	r := NewReport([]string{"HOME=/home/a", "METALLIC_BLAS=/a/b", "METALLIC_X="}, strings.ToUpper)
	require.Equal(t, map[string]string{"METALLIC_BLAS": "/A/B", "METALLIC_X": ""}, r.Environment)
	r.Requested, r.Time = "auto", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	require.Equal(t, "metallic-sched-selftest-auto-20260102-030405.json", r.FileName())
	r.Device = &Device{Backend: "metal"}
	require.Equal(t, "metallic-sched-selftest-metal-20260102-030405.json", r.FileName())
	r.Parts = []Ending{{Part: PartDevice, Outcome: Passed}}

	path := filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, r.Save(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	require.True(t, back.Passed)
	require.Equal(t, *r, back)

	r.Parts = append(r.Parts, Ending{Part: PartNumerics, Outcome: NotTested})
	require.NoError(t, r.Save(path))
	require.False(t, r.Passed)
	require.Error(t, r.Save(filepath.Join(path, "x")))
}

func TestMachine(t *testing.T) {
	m := machine()
	require.Positive(t, m.Threads)
	require.NotEmpty(t, m.System)
	require.Equal(t, "b c", field([]byte("x: y\n a :  \"b c\" \na: d\n"), "a", ":"))
	require.Empty(t, field(nil, "a", ":"))
}

func TestProgram(t *testing.T) {
	var p Program
	p.read(&debug.BuildInfo{Main: debug.Module{Version: "v1"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}})
	require.Equal(t, Program{Version: "v1", Revision: "abc", Modified: true}, p)

	answers := map[string]string{"go list -m": module, "git rev-parse HEAD": "def", "git status --porcelain --untracked-files=no": " M x"}
	asked := func(name string, args ...string) string {
		return answers[strings.Join(append([]string{name}, args...), " ")]
	}
	p = Program{}
	p.ask(asked)
	require.Equal(t, Program{Revision: "def", Modified: true}, p)
	answers["go list -m"] = "example.com/other"
	p = Program{}
	p.ask(asked)
	require.Equal(t, Program{}, p)
	require.Empty(t, output("no-such-command-here"))
}
