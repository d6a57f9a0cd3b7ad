package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

const tinyMix = "matmul m=2 k=3 n=1 name=tiny"

func mixOf(t *testing.T, text string) Mix {
	m, err := ParseMix(strings.NewReader(text))
	require.NoError(t, err)
	return m
}

func evenStage(m *Mix, rate float64, length time.Duration) Stage {
	return Stage{Name: "even", Rate: rate, Length: length, Source: m.Mixed(Even(Constant(rate)), 1)}
}

// runLoad runs a load and reads its records back: what is shown of a run is
// what they say.
func runLoad(t *testing.T, ctx context.Context, cfg Config) *Results {
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	cfg.Emit = func(r Record) error { return lines.Encode(r) }
	r, err := New(cfg)
	require.NoError(t, err)
	_, err = r.Run(ctx)
	require.NoError(t, err)
	runs, err := Read(&out)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	return runs[0]
}

// TestStall: a server stands still for one second of ten while 1000 jobs a
// second are due. Every job that was due in that second waits for the rest of
// it, so one job in ten is late, evenly from 0 to 1 s: the 95th percentile is
// 0.5 s and the 99th 0.9 s. With 8 callers only 8 jobs are with the server when
// it stops; their own latency, from when they were sent, hides the rest.
func TestStall(t *testing.T) {
	const service = 200 * time.Microsecond
	stall := func(now time.Duration) time.Duration {
		if now >= 5*time.Second && now < 6*time.Second {
			return 6*time.Second - now + service
		}
		return service
	}
	for _, c := range []struct {
		name     string
		inFlight int
		actual99 time.Duration
	}{
		{"open loop", 4096, 900 * time.Millisecond},
		{"too few callers", 8, service},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mixOf(t, tinyMix)
				results := runLoad(t, t.Context(), Config{
					Doer: newSlowDoer(stall), Mix: m, InFlight: c.inFlight, CheckEvery: -1,
					Stages: []Stage{evenStage(&m, 1000, 10*time.Second)},
				})
				s := results.Summaries()[0]
				require.EqualValues(t, 10_000, s.Outcomes.Done)
				near := func(want, got time.Duration) {
					t.Helper()
					require.InDelta(t, want.Seconds(), got.Seconds(), 0.06, "%v, not %v", got, want)
				}
				near(service, s.Intended.Quantile(0.89))
				near(500*time.Millisecond, s.Intended.Quantile(0.95))
				near(900*time.Millisecond, s.Intended.Quantile(0.99))
				near(time.Second, s.Intended.Max())
				near(c.actual99, s.Actual.Quantile(0.99))
				near(time.Second, s.Actual.Max())
				if c.inFlight < 1000 {
					require.ErrorContains(t, results.Verdict(), "the generator lagged")
					require.ErrorContains(t, results.Verdict(), "waited for one of 8 jobs in flight")
				} else {
					require.NoError(t, results.Verdict())
				}
			})
		})
	}
}

func TestOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix+" tenants=a,b")
		d := newSlowDoer(always(3 * time.Millisecond))
		results := runLoad(t, t.Context(), Config{
			Doer: d, Mix: m, CheckEvery: -1, Warmup: time.Second,
			Batches: func() []BatchCount {
				return []BatchCount{{"a", "full", 4, 3, time.Second}, {"a", "alone", 1, 2, 0}, {"a", "full", 4, 1, time.Second}}
			},
			Stages: []Stage{evenStage(&m, 500, 5*time.Second), evenStage(&m, 2000, 6*time.Second)},
		})
		require.NoError(t, results.Verdict())
		first, second := results.Summaries()[0], results.Summaries()[1]
		require.EqualValues(t, 4*500, first.Outcomes.Done)
		require.EqualValues(t, 500, first.WarmJobs)
		require.InDelta(t, 500, first.Throughput, 2)
		require.InDelta(t, 2000, second.Throughput, 4)
		require.True(t, first.Stable)
		require.InEpsilon(t, 1, first.Achieved, 1e-3)
		require.InEpsilon(t, 3e6, float64(first.Intended.Quantile(0.999)), 0.01)
		require.Greater(t, first.Jain, 0.99)
		require.Len(t, first.Tenants, 2)
		require.Equal(t, 1, d.loaded)
		require.Equal(t, 1, d.released)
		require.Empty(t, results.End.AuditWrong)
		require.EqualValues(t, 2500+12000, results.End.Audit.Done)
		require.Equal(t, []BatchCount{{"a", "alone", 1, 10, 0}, {"a", "full", 4, 20, 10 * time.Second}}, first.Batches, "5 windows")
		require.InDelta(t, 3, first.MeanBatch(), 1e-9)
		require.Len(t, results.Windows[0], 1+4+1, "warm-up, windows, drain")
	})
}

func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSlowDoer(always(10 * time.Millisecond))
		results := runLoad(t, t.Context(), Config{
			Doer: d, Mix: mixOf(t, tinyMix), CheckEvery: -1,
			Stages: []Stage{{Name: "closed", Callers: 7, Length: 4 * time.Second}},
		})
		require.NoError(t, results.Verdict())
		s := results.Summaries()[0]
		require.InDelta(t, 700, s.Throughput, 10)
		require.Equal(t, 7, d.maxAtOnce)
		require.InEpsilon(t, 10e6, float64(s.Actual.Mean()), 0.01)
	})
}

// TestUntilStable: a stage goes on while latency still changes.
func TestUntilStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		st := evenStage(&m, 100, 3*time.Second)
		st.Most = 30 * time.Second
		results := runLoad(t, t.Context(), Config{
			Doer: newSlowDoer(func(now time.Duration) time.Duration {
				return max(5*time.Millisecond, 105*time.Millisecond-now/50)
			}),
			Mix: m, CheckEvery: -1, Stages: []Stage{st},
		})
		s := results.Summaries()[0]
		require.True(t, s.Stable)
		require.Greater(t, s.Length, 5*time.Second)
		require.Less(t, s.Length, 12*time.Second)
	})
}

// TestNeverStable: a stage that was to be stable and never is fails.
func TestNeverStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		st := evenStage(&m, 100, 3*time.Second)
		st.Most = 6 * time.Second
		results := runLoad(t, t.Context(), Config{
			Doer: newSlowDoer(func(now time.Duration) time.Duration { return now / 20 }), Mix: m, CheckEvery: -1, Stages: []Stage{st},
		})
		require.ErrorContains(t, results.Verdict(), "the last 3 windows of 6s were not within 10 % of each other")
		require.EqualValues(t, 600, results.Summaries()[0].Sent)
	})
}

func TestOutcomesAndAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix+" cancel=20% cancelafter=1ms invalid=10% deadline=3ms priority=high")
		n := 0
		d := newSlowDoer(func(time.Duration) time.Duration {
			if n++; n%10 == 0 {
				return 4 * time.Millisecond // after the deadline
			}
			return 2 * time.Millisecond
		})
		cfg := Config{Doer: d, Mix: m, Stages: []Stage{evenStage(&m, 1000, 5*time.Second)}, CheckEvery: -1}
		results := runLoad(t, t.Context(), cfg)
		require.NoError(t, results.Verdict())
		s := results.Summaries()[0]
		require.InDelta(t, 500, s.Outcomes.Malformed, 100)
		require.InDelta(t, 900, s.Outcomes.Cancelled, 120)
		require.InDelta(t, 360, s.Outcomes.Expired, 100)
		require.Zero(t, s.Outcomes.Failed+s.Outcomes.Refused)
		require.EqualValues(t, s.Sent, s.Outcomes.Done+s.Outcomes.Malformed+s.Outcomes.Cancelled+s.Outcomes.Expired)
		require.Equal(t, job.High, d.jobs[0].Priority)
		require.Empty(t, results.End.AuditWrong)

		// A doer that forgets a job is found out: offByOne turns on after the
		// first look at the books.
		d2 := newSlowDoer(always(time.Millisecond))
		d2.result = func(job.Job) error {
			d2.mu.Lock()
			defer d2.mu.Unlock()
			d2.offByOne = true
			return nil
		}
		cfg.Doer, cfg.Stages = d2, []Stage{evenStage(&m, 1000, 2*time.Second)}
		require.ErrorContains(t, runLoad(t, t.Context(), cfg).Verdict(), "audit: it does not balance; done: the books say")
	})
}

func TestWrongResults(t *testing.T) {
	mix := tinyMix + " poison=5%\nmatmul m=3 k=5 n=2 batch=2 loaded=none transa transb bias dtype=f16 name=own"
	run := func(t *testing.T, result func(job.Job) error) *Results {
		var results *Results
		synctest.Test(t, func(t *testing.T) {
			m := mixOf(t, mix)
			d := newSlowDoer(always(time.Millisecond))
			d.result = result
			results = runLoad(t, t.Context(), Config{
				Doer: d, Mix: m, CheckEvery: 1, Stages: []Stage{evenStage(&m, 500, 2*time.Second)},
			})
		})
		return results
	}
	right := run(t, compute)
	require.NoError(t, right.Verdict())
	require.EqualValues(t, 3000, right.End.Checked)

	var n atomic.Int64
	wrong := run(t, func(j job.Job) error {
		err := compute(j)
		if m := j.(*job.Matmul); m.C.Matrices() == 1 {
			if n.Add(1)%10 == 0 {
				m.C.SetValue(0, 0, 0, 7)
				m.C.SetValue(0, 1, 0, 7)
			}
		}
		return err
	})
	require.ErrorContains(t, wrong.Verdict(), "wrong results, first tiny: element (0, ")
	require.InDelta(t, 50, wrong.End.Wrong, 10)

	leak := run(t, func(j job.Job) error {
		err := compute(j)
		if m := j.(*job.Matmul); m.C.Matrices() == 1 { // a neighbour's NaN
			m.C.SetValue(0, 0, 0, float32(math.NaN()))
			m.C.SetValue(0, 1, 0, float32(math.NaN()))
		}
		return err
	})
	require.ErrorContains(t, leak.Verdict(), "is NaN; reference")
}

func TestFailuresFailTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		d := newSlowDoer(always(time.Millisecond))
		d.result = func(job.Job) error { return job.ErrHung }
		results := runLoad(t, t.Context(), Config{Doer: d, Mix: m, Stages: []Stage{evenStage(&m, 100, 2*time.Second)}})
		require.ErrorContains(t, results.Verdict(), "jobs failed, first job: device hung")
		require.ErrorContains(t, results.Verdict(), "no job was done")
	})
}

// TestDrainGivesUp: jobs that never end do not keep a run from ending.
func TestDrainGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		results := runLoad(t, t.Context(), Config{
			Doer: newSlowDoer(always(time.Hour)), Mix: m, Stages: []Stage{evenStage(&m, 10, 2*time.Second)},
		})
		require.EqualValues(t, 20, results.Summaries()[0].Outcomes.Failed)
		require.Error(t, results.Verdict())
	})
}

func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		ctx, stop := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer stop()
		results := runLoad(t, ctx, Config{
			Doer: newSlowDoer(always(100 * time.Millisecond)), Mix: m, Stages: []Stage{evenStage(&m, 100, 10*time.Second)},
		})
		require.True(t, results.End.Interrupted)
		s := results.Summaries()[0]
		require.InDelta(t, 240, s.Outcomes.Done, 2)
		require.Zero(t, s.Outcomes.Failed)
		require.Empty(t, results.End.AuditWrong)
		require.ErrorContains(t, results.Verdict(), "interrupted")
	})
}

// TestSearchFindsTheLimit: latency jumps at 3000 jobs a second.
func TestSearchFindsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		rate := 0.0
		objective, err := ParseObjective("p99<5ms")
		require.NoError(t, err)
		results := runLoad(t, t.Context(), Config{
			Doer: newSlowDoer(func(time.Duration) time.Duration {
				if rate > 3000 {
					return 10 * time.Millisecond
				}
				return time.Millisecond
			}),
			Mix: m, CheckEvery: -1, Objective: objective, Info: RunInfo{Loop: LoopSearch},
			Search: &Search{Start: 500, Max: 1e6},
			Source: func(r float64) (Stage, error) {
				rate = r
				return evenStage(&m, r, 3*time.Second), nil
			},
		})
		require.NoError(t, results.Verdict())
		require.InEpsilon(t, 3000, results.Best().Rate, 0.05)
		require.Greater(t, results.Limit().Rate, 3000.0)
		require.Empty(t, results.Limit().Problems, "it was the latency")
	})
}

// TestSearchTriesAgain: a pause of the machine does not end a search; a generator
// that always lags does.
func TestSearchTriesAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		lags   int // tries at 400 jobs a second
		best   float64
		stages int
	}{{"paused twice", 2, 800, 4 + 2}, {"always", 99, 200, 2 + 3}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, tries := mixOf(t, tinyMix), 0
				objective, err := ParseObjective("p99<5ms")
				require.NoError(t, err)
				results := runLoad(t, t.Context(), Config{
					Doer: newSlowDoer(always(time.Millisecond)), Mix: m, CheckEvery: -1, Objective: objective,
					Info: RunInfo{Loop: LoopSearch}, Search: &Search{Start: 100, Max: 800, Precision: 1},
					Source: func(rate float64) (Stage, error) {
						st := evenStage(&m, rate, time.Second)
						st.Rate = rate
						if rate == 400 {
							tries++
						}
						if rate == 400 && tries <= c.lags {
							st.Source = &tiredSource{Source: st.Source, pause: func(n int) time.Duration {
								if n == 200 {
									return 300 * time.Millisecond
								}
								return 0
							}}
						}
						return st, nil
					},
				})
				require.NoError(t, results.Verdict())
				require.InDelta(t, c.best, results.Best().Rate, 1e-9)
				require.Len(t, results.Stages, c.stages)
			})
		})
	}
}

// TestSearchTriesOnce: what is worthless for another reason is so again.
func TestSearchTriesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mixOf(t, tinyMix)
		objective, err := ParseObjective("p99<5ms")
		require.NoError(t, err)
		results := runLoad(t, t.Context(), Config{
			Doer: newSlowDoer(always(time.Millisecond)), Mix: m, CheckEvery: -1, Objective: objective,
			Info: RunInfo{Loop: LoopSearch}, Search: &Search{Start: 100, Max: 800, Precision: 1},
			Source: func(rate float64) (Stage, error) {
				st := evenStage(&m, rate, time.Second)
				if st.Rate = rate; rate == 400 {
					st.Source = Replayed(nil, 1)
				}
				return st, nil
			},
		})
		require.Len(t, results.Stages, 3)
		worthless := results.Summaries()[2]
		require.Equal(t, []string{"no job was done after the warm-up"}, worthless.Problems)
		require.False(t, worthless.Lagged)
	})
}

func TestNewRefuses(t *testing.T) {
	m := mixOf(t, tinyMix)
	for want, cfg := range map[string]Config{
		"no stage to run":       {},
		"stage x has 0 callers": {Stages: []Stage{{Name: "x", Length: time.Second}}},
		"the warm-up 2s":        {Warmup: 2 * time.Second, Stages: []Stage{evenStage(&m, 1, time.Second)}},
		"-1 jobs in flight":     {InFlight: -1, Stages: []Stage{evenStage(&m, 1, time.Second)}},
		"a negative time":       {Window: -1, Stages: []Stage{evenStage(&m, 1, time.Second)}},
		"needs an objective":    {Search: &Search{}},
	} {
		_, err := New(cfg)
		require.ErrorContains(t, err, want)
	}
}
