package endtoend

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// TestStallOfTheServer: a server that is stopped for a second of four answers
// nothing meanwhile. A quarter of the jobs is due then and waits for the rest of
// that second, so the latency from the intended send at quantile q is at least
// what is left of the second after the part 1-q of the run: 0.2 s at p80, 0.6 s
// at p90, 0.96 s at p99. It can be more, on a slow machine, but the jobs
// that were due at other times do not wait: p70 is far below.
func TestStallOfTheServer(t *testing.T) {
	const rate, length = 300.0, 4 * time.Second
	p := serve(t)
	mix, err := loadtest.ParseMix(strings.NewReader("matmul m=64 k=64"))
	require.NoError(t, err)
	alarm := loadtest.NewAlarm()
	defer alarm.Close()
	var stall time.Duration
	stop := func(r loadtest.Record) error {
		if r.Window == nil || r.Window.Index != 1 {
			return nil
		}
		p.signal(syscall.SIGSTOP)
		start := time.Now()
		<-time.After(time.Second)
		stall = time.Since(start)
		p.signal(syscall.SIGCONT)
		return nil
	}
	runner, err := loadtest.New(loadtest.Config{
		Doer: p.dial(rpc.Config{}), Mix: mix, Window: 500 * time.Millisecond, Alarm: alarm, Emit: stop,
		Stages: []loadtest.Stage{{
			Name: "stall", Rate: rate, Length: length, Source: mix.Mixed(loadtest.Even(loadtest.Constant(rate)), 1),
		}},
	})
	require.NoError(t, err)
	results, err := runner.Run(t.Context())
	require.NoError(t, err)
	s := results.Summaries()[0]
	require.EqualValues(t, rate*length.Seconds(), s.Outcomes.Done)
	require.Empty(t, results.End.AuditWrong)

	const slack = 20 * time.Millisecond // to stop a process takes a moment
	for _, q := range []float64{0.8, 0.9, 0.95, 0.99} {
		atLeast := stall - time.Duration((1-q)*float64(length)) - slack
		require.Greater(t, s.Intended.Quantile(q), atLeast, "p%g", 100*q)
	}
	require.GreaterOrEqual(t, s.Intended.Max(), stall-slack)
	require.Less(t, s.Intended.Quantile(0.7), stall/2)
}
