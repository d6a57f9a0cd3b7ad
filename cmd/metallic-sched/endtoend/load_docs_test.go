package endtoend

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The documentation of what measures has every flag.
func TestFlagsDocumentation(t *testing.T) {
	for command, page := range map[string]string{"load": "load", "report": "load", "bench": "bench", "ab": "ab", "tune": "tune"} {
		text, err := os.ReadFile("../../../docs/" + page + ".md")
		require.NoError(t, err)
		help, err := exec.Command(program, command, "-help").Output()
		require.NoError(t, err)
		flags := regexp.MustCompile(`(?m)^ +(?:-(\w), +)?--(\[no-\])?([a-z0-9-]+)`).FindAllStringSubmatch(string(help), -1)
		require.Greater(t, len(flags), 1, "not only -help")
		for _, m := range flags {
			if short, no, name := m[1], m[2], m[3]; name != "help" {
				if no != "" {
					no = "(no-)?"
				}
				if short != "" {
					name = "(" + name + "|" + short + ")"
				}
				require.Regexp(t, "`-"+no+name+"[` ]", string(text), "of %s", command)
			}
		}
	}
}

// The documentation of loads has every mix.
func TestLoadDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../../docs/load.md")
	require.NoError(t, err)
	wrong, err := exec.Command(program, "load", "-mix", "nowhere").CombinedOutput()
	require.Error(t, err)
	mixes := regexp.MustCompile(`presets are: (.*)`).FindStringSubmatch(string(wrong))
	require.NotNil(t, mixes)
	for _, name := range regexp.MustCompile(`\w+`).FindAllString(mixes[1], -1) {
		require.Contains(t, string(text), "`"+name+"`")
	}
}
