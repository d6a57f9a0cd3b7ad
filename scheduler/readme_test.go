package scheduler_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme holds the README's program to the Example that is compiled and
// run.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```go\n")
	require.True(t, found)
	program, _, _ := strings.Cut(rest, "```")
	body := strings.ReplaceAll(string(source), "\n\t", "\n")
	require.Contains(t, body, program)
}
