package policy

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "accept what the scripts in testdata print now")

// TestScripts runs testdata/*.txt. A script is a list of blocks: commands, one
// a line, then ---- and what they print, up to an empty line. Lines starting
// with # are comments. Device, preferences and catalog last for a file.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { runScript(t, path) })
	}
}

func runScript(t *testing.T, path string) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	env := newEnv()
	var now strings.Builder
	for i, block := range strings.Split(strings.TrimSpace(string(raw)), "\n\n") {
		if i > 0 {
			now.WriteString("\n")
		}
		commands, _, found := strings.Cut(block+"\n", "----\n")
		now.WriteString(commands)
		printed := env.runBlock(t, commands)
		if found || printed != "" {
			now.WriteString("----\n" + printed)
		}
	}
	if *rewrite {
		require.NoError(t, os.WriteFile(path, []byte(now.String()), 0o644))
		return
	}
	require.Equal(t, string(raw), now.String(), "run with -rewrite to accept")
}

func (e *env) runBlock(t *testing.T, commands string) string {
	var out strings.Builder
	for line := range strings.Lines(commands) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		run, known := e.commands()[words[0]]
		require.True(t, known, "unknown command %q", words[0])
		printed, err := run(words[1:])
		require.NoError(t, err, "%s", line)
		out.WriteString(printed)
	}
	return out.String()
}

// option splits "name=value".
func option(word string) (name, value string) {
	name, value, _ = strings.Cut(word, "=")
	return name, value
}

func unknown(word string) error { return fmt.Errorf("unknown word %q", word) }
