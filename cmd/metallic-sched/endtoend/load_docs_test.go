package endtoend

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The documentation of loads has every flag and every mix.
func TestLoadDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../../docs/load.md")
	require.NoError(t, err)
	for _, command := range []string{"load", "report"} {
		help, err := exec.Command(program, command, "-help").Output()
		require.NoError(t, err)
		flags := regexp.MustCompile(`--([a-z0-9-]+)`).FindAllStringSubmatch(string(help), -1)
		require.NotEmpty(t, flags)
		for _, m := range flags {
			if m[1] != "help" {
				require.Regexp(t, "`-"+m[1]+"[` ]", string(text), "of %s", command)
			}
		}
	}
	wrong, err := exec.Command(program, "load", "-mix", "nowhere").CombinedOutput()
	require.Error(t, err)
	mixes := regexp.MustCompile(`presets are: (.*)`).FindStringSubmatch(string(wrong))
	require.NotNil(t, mixes)
	for _, name := range regexp.MustCompile(`\w+`).FindAllString(mixes[1], -1) {
		require.Contains(t, string(text), "`"+name+"`")
	}
}
