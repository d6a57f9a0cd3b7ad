package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLongFlags(t *testing.T) {
	for _, c := range [][2][]string{
		{{"run", "-for", "3s", "-layers=2"}, {"run", "--for", "3s", "--layers=2"}},
		{{"explain", "-m", "4", "-f", "-", "--caps", "none"}, {"explain", "-m", "4", "-f", "-", "--caps", "none"}},
		{{"-trans-a", "-query-offset", "-1"}, {"--trans-a", "--query-offset", "-1"}},
		{{"-json", "--", "-json"}, {"--json", "--", "-json"}},
	} {
		require.Equal(t, c[1], longFlags(c[0]))
	}
}
