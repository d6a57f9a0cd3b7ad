package endtoend

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// The documentation has every flag and every metric, and what it shows of curl is
// what curl shows.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../../docs/daemon.md")
	require.NoError(t, err)
	doc := string(text)
	help, err := exec.Command(program, "serve", "-help").Output()
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(string(help), -1) {
		if m[1] != "help" {
			require.Contains(t, doc, "-"+m[1])
		}
	}
	for _, name := range regexp.MustCompile(`METALLIC_SERVE_[A-Z_]+`).FindAllString(string(help), -1) {
		require.Contains(t, doc, "`"+name+"`")
	}

	p := serve(t)
	require.NoError(t, product(t.Context(), p.dial(rpc.Config{}), tensor.Matrix(weights(), side, side), 1, job.Options{}))
	_, exposed := p.get("/metrics")
	for _, m := range regexp.MustCompile(`(?m)^# HELP (\S+) (.*)$`).FindAllStringSubmatch(exposed, -1) {
		require.Contains(t, doc, "| `"+m[1]+"` |")
		require.Contains(t, doc, "| "+m[2]+" |")
	}
	checkCurl(t, p, doc)
	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	checkCurl(t, p, string(readme))
}

// checkCurl asks whatever a text shows being asked, and wants the answers that
// it shows.
func checkCurl(t *testing.T, p *process, doc string) {
	t.Helper()
	shown := regexp.MustCompile(`(?s)curl -s localhost:7433(/\S+) -H '([^']+)' -d '([^']+)'\n(\{[^\n]+\})\n`).FindAllStringSubmatch(doc, -1)
	require.NotEmpty(t, shown)
	for _, m := range shown {
		require.Equal(t, "Content-Type: application/json", m[2])
		_, answer := fetch(t, newHTTP2(t), p.url+m[1], nil, m[3])
		require.JSONEq(t, m[4], strings.TrimSpace(answer))
	}
}
