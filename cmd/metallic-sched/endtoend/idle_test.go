package endtoend

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// cpuTime returns the processor time that the server has used.
func (p *process) cpuTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Skip("NOT TESTED: it reads /proc; run it on Linux")
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var user, system int64
	_, err = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	require.NoError(p.t, err)
	return time.Duration(user+system) * 10 * time.Millisecond // ticks are 1/100 s
}

// A server that nobody uses takes little memory and next to no time.
func TestIdle(t *testing.T) {
	p := serve(t)
	p.get("/readyz")
	cpu, start := p.cpuTime(), time.Now()
	time.Sleep(3 * time.Second) // what is measured is that nothing happens
	used, passed := p.cpuTime()-cpu, time.Since(start)
	t.Logf("idle: %.1f MiB resident, %v of %v processor time", p.resident(), used, passed.Round(time.Millisecond))
	require.Less(t, p.resident(), 60.0, "MiB")
	require.Less(t, used, passed/10)
}

// What the server says of itself is what Prometheus reads, under load too.
func TestMetrics(t *testing.T) {
	p := serve(t, "-operands", weightsFile(t))
	c := p.dial(rpc.Config{})
	w, err := c.Load(tensor.Matrix(weights(), side, side))
	require.NoError(t, err)
	l := startLoad(c, w.View(), 4, job.Options{Tenant: "a \"quoted\" \\ tenant\n"})
	l.reach(t, 50)
	status, text := p.get("/metrics")
	require.Empty(t, l.end())
	require.Equal(t, http.StatusOK, status)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	for _, name := range []string{
		"metallic_sched_jobs_total", "metallic_sched_batch_device_seconds", "metallic_sched_tenant_device_seconds_total",
		"metallic_sched_decisions_dropped_total", "metallic_sched_sessions", "metallic_sched_connections_open",
		"metallic_sched_upload_bytes", "metallic_sched_build_info", "process_resident_memory_bytes", "go_goroutines",
	} {
		require.Contains(t, families, name)
	}
	for name := range families {
		require.Equal(t, 1, strings.Count(text, "# TYPE "+name+" "), name)
	}
	require.EqualValues(t, 1, p.metric("sessions"))
	require.EqualValues(t, 1, p.metric("operands_loaded"))
}
