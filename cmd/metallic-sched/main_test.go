package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
)

// A server is looked for where it listens, and where documents say it does.
func TestDefaultAddress(t *testing.T) {
	for command, flag := range map[string]string{"serve": "listen", "status": "addr", "top": "addr"} {
		parsed, err := newParser(t.Context(), streams{io.Discard, io.Discard}).Parse([]string{command})
		require.NoError(t, err)
		for _, f := range parsed.Flags() {
			if f.Name == flag {
				require.Equal(t, remote.DefaultAddress, valueText(f.Target), command)
				flag = ""
			}
		}
		require.Empty(t, flag, command)
	}
	_, port, _ := strings.Cut(remote.DefaultAddress, ":")
	for _, file := range []string{"README.md", "docs/daemon.md", "deploy/Containerfile", "deploy/metallic-sched.service", "deploy/prometheus.yml"} {
		text, err := os.ReadFile("../../" + file)
		require.NoError(t, err)
		require.Contains(t, string(text), ":"+port, file)
	}
}

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
