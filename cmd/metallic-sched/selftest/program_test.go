package selftest

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
