package loadtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// tiredSource keeps the generator from its work for a time before a job.
type tiredSource struct {
	Source
	pause func(n int) time.Duration
	n     int
}

func (t *tiredSource) Next() (Send, bool) {
	t.n++
	time.Sleep(t.pause(t.n))
	return t.Source.Next()
}

// TestLag: two hundred jobs a second are due for ten seconds, and the generator
// is kept from sending them.
func TestLag(t *testing.T) {
	once := func(d time.Duration) func(int) time.Duration {
		return func(n int) time.Duration {
			if n == 1000 {
				return d
			}
			return 0
		}
	}
	bunches := func(n int) time.Duration { // of 4: half of them 10 ms late and more
		if n%4 == 0 {
			return 20 * time.Millisecond
		}
		return 0
	}
	for _, c := range []struct {
		name            string
		pause           func(n int) time.Duration
		service         time.Duration
		objective       string
		failed, warning string
	}{
		{"in time", once(0), time.Millisecond, "", "", ""},
		{"a pause of 0.5 % of the run", once(50 * time.Millisecond), time.Millisecond, "", "", ""},
		{"a pause of 3 %", once(300 * time.Millisecond), time.Millisecond, "", "", "1 % of the jobs were sent 195ms or more after their time, and the p99 latency is 196ms"},
		{"beside a slow server", once(300 * time.Millisecond), time.Second, "", "", ""},
		{"where the objective is met", once(300 * time.Millisecond), time.Millisecond, "p99<1s", "", "after their time"},
		{"where it is missed", once(300 * time.Millisecond), time.Millisecond, "p99<10ms", "lagged: 1 % of the jobs", ""},
		{"a missed objective below it", once(300 * time.Millisecond), 20 * time.Millisecond, "p50<10ms", "p50 is 20", "after their time"},
		{"a pause of 15 %", once(1500 * time.Millisecond), time.Millisecond, "", "lagged: 10 % of the jobs", ""},
		{"too slow", func(int) time.Duration { return 5050 * time.Microsecond }, time.Millisecond, "", "lagged: 50 % of the jobs", ""},
		{"in bunches", bunches, time.Millisecond, "", "lagged: 50 % of the jobs", ""},
		{"in bunches, beside a slow server", bunches, 100 * time.Millisecond, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mixOf(t, tinyMix)
				st := evenStage(&m, 200, 10*time.Second)
				st.Source = &tiredSource{Source: st.Source, pause: c.pause}
				cfg := Config{Doer: newSlowDoer(always(c.service)), Mix: m, CheckEvery: -1, Stages: []Stage{st}}
				if c.objective != "" {
					o, err := ParseObjective(c.objective)
					require.NoError(t, err)
					cfg.Objective = o
				}
				results := runLoad(t, t.Context(), cfg)
				if err := results.Verdict(); c.failed == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, c.failed)
				}
				require.Equal(t, strings.Contains(c.failed, "lagged"), results.Summaries()[0].Lagged)
				if s := results.Summaries()[0]; c.warning == "" {
					require.Empty(t, s.Warning)
				} else {
					require.Contains(t, s.Warning, c.warning)
				}
			})
		})
	}
}

// TestHopeless: a generator that cannot keep up by far ends all the same, and
// says how much it reached.
func TestHopeless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		st := evenStage(&m, 1e5, time.Second)
		slow := &tiredSource{Source: st.Source, pause: func(n int) time.Duration {
			if n < 1000 {
				return 10 * time.Millisecond
			}
			return 0
		}}
		st.Source = slow
		s := runLoad(t, t.Context(), Config{Doer: newSlowDoer(always(time.Millisecond)), Mix: m, CheckEvery: -1, Stages: []Stage{st}}).Summaries()[0]
		require.Less(t, s.Achieved, 0.01)
		require.InDelta(t, 1e5, s.Due, 1)
		require.NotEmpty(t, s.Problems)
	})
}
