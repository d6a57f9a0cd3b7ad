package ab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"
)

// stage is a made-up program on a made-up clock.
type stage struct {
	now  time.Time
	ran  []Side
	says func(side Side, run int) string // of run number run of both
	took time.Duration
}

func (s *stage) run(_ context.Context, side Side) ([]byte, error) {
	s.now = s.now.Add(s.took)
	s.ran = append(s.ran, side)
	return []byte(s.says(side, len(s.ran)-1)), nil
}

func (s *stage) config() Config {
	return Config{
		Run: s.run, Now: func() time.Time { return s.now }, For: time.Minute,
		Seed: 3, Alpha: 0.05, Least: 0.02, Unit: DefaultUnit,
	}
}

// newStage prints two rows; those of b take a given part more, with noise.
func newStage(more [2]float64) *stage {
	r := rand.New(rand.NewPCG(1, 2))
	return &stage{took: time.Second, says: func(side Side, _ int) string {
		text := ""
		for i := range more {
			x := 100 * (1 + 0.005*r.NormFloat64())
			if side == B {
				x *= 1 + more[i]
			}
			text += fmt.Sprintf("BenchmarkX/m=%d-2 1 %v ns/op\n", i, x)
		}
		return text
	}}
}

func TestContest(t *testing.T) {
	s := newStage([2]float64{0, 0.1})
	var raw bytes.Buffer
	cfg := s.config()
	cfg.Raw = NewRaw(&raw)
	var told []Progress
	cfg.Progress = func(p Progress) { told = append(told, p) }
	r, err := New(cfg).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"X/m=0", "X/m=1", AllRows}, []string{r.Rows[0].Name, r.Rows[1].Name, r.Rows[2].Name})
	require.Equal(t, []Verdict{Equal, Slower, Slower}, []Verdict{r.Rows[0].Verdict, r.Rows[1].Verdict, r.Rows[2].Verdict})
	require.InDelta(t, 0.1, r.Rows[1].Change.Mid, 0.01)
	require.InDelta(t, 0.049, r.Rows[2].Change.Mid, 0.01, "the root of 1.1")
	require.InDelta(t, 100e-9, r.Rows[0].A.Mid, 1e-9)
	require.InDelta(t, 110e-9, r.Rows[1].B.Mid, 1e-9)
	require.Less(t, r.Rows[1].U, 0.01)
	require.Less(t, r.Elapsed, time.Minute, "it ends when all can be told")
	require.Equal(t, 2*(r.Pairs+1), len(s.ran))
	require.Equal(t, s.ran[:2], []Side{A, B}, "the pair that does not count")
	requirePairs(t, s.ran)
	require.Equal(t, len(s.ran), len(told))
	requireRaw(t, raw.Bytes(), r.Pairs)
}

// requirePairs wants pairs of both sides, in either order.
func requirePairs(t *testing.T, ran []Side) {
	first := map[Side]int{}
	for i := 0; i < len(ran); i += 2 {
		require.NotEqual(t, ran[i], ran[i+1])
		first[ran[i]]++
	}
	require.Len(t, first, 2)
}

// requireRaw wants the lines of all pairs, each with its side.
func requireRaw(t *testing.T, raw []byte, pairs int) {
	seen := map[string]int{}
	for r := benchfmt.NewReader(bytes.NewReader(raw), "raw"); r.Scan(); {
		result := r.Result().(*benchfmt.Result)
		seen[result.GetConfig("side")+" "+result.Name.String()]++
	}
	require.Equal(t, map[string]int{"a X/m=0-2": pairs, "a X/m=1-2": pairs, "b X/m=0-2": pairs, "b X/m=1-2": pairs}, seen)
}

// TestContestCannotTell: when the time is over what is missing is said.
func TestContestCannotTell(t *testing.T) {
	s := newStage([2]float64{0, 0})
	cfg := s.config()
	cfg.For = 11 * time.Second // the first pair and 4
	r, err := New(cfg).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, r.Pairs)
	require.LessOrEqual(t, r.Elapsed, cfg.For)
	require.Equal(t, []Look{{4, cfg.Alpha}}, r.Looks)
	for _, row := range r.Rows {
		require.Equal(t, Unsure, row.Verdict)
		require.Equal(t, &Need{More: leastValues(cfg.Alpha/3) - 4}, row.Need)
	}
}

func TestContestOfRuns(t *testing.T) {
	s := newStage([2]float64{0, 0.1})
	cfg := s.config()
	cfg.Runs, cfg.For = 9, 0
	r, err := New(cfg).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Look{{9, cfg.Alpha}}, r.Looks)
	require.Equal(t, Slower, r.Rows[1].Verdict)
}

// TestContestInterrupted: what was measured is reported.
func TestContestInterrupted(t *testing.T) {
	for _, runs := range []int{0, 100} {
		s := newStage([2]float64{0, 0.1})
		ctx, stop := context.WithCancel(t.Context())
		cfg := s.config()
		cfg.Runs = runs
		cfg.Run = func(ctx context.Context, side Side) ([]byte, error) {
			if len(s.ran) == 9 {
				stop()
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return s.run(ctx, side)
		}
		r, err := New(cfg).Run(ctx)
		require.NoError(t, err)
		require.True(t, r.Interrupted)
		require.Equal(t, 3, r.Pairs, "a pair of which one run is missing does not count")
		require.Equal(t, Unsure, r.Rows[0].Verdict)
	}
}

func TestContestEndedEarly(t *testing.T) {
	for _, runs := range []int{0, 1, 2, 3} {
		s := newStage([2]float64{0, 0})
		ctx, stop := context.WithCancel(t.Context())
		cfg := s.config()
		cfg.Run = func(ctx context.Context, side Side) ([]byte, error) {
			if len(s.ran) == runs {
				stop()
				return nil, ctx.Err()
			}
			return s.run(ctx, side)
		}
		_, err := New(cfg).Run(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "ended before there was a pair of runs")
	}
}

func TestContestThatCannotGoOn(t *testing.T) {
	for want, says := range map[string]func(Side, int) string{
		"no row in common: a has X ..., b has Y": func(side Side, _ int) string {
			return map[Side]string{A: "BenchmarkX 1 1 ns/op", B: "BenchmarkY 1 1 ns/op"}[side]
		},
		"lacks X, which the first one had": func(_ Side, run int) string {
			if run < 4 {
				return "BenchmarkX 1 1 ns/op"
			}
			return "BenchmarkZ 1 1 ns/op"
		},
		"no benchmark lines were printed, but \"x\" (a run of b)": func(side Side, _ int) string {
			return map[Side]string{A: "BenchmarkX 1 1 ns/op", B: "x"}[side]
		},
	} {
		s := &stage{took: time.Second, says: says}
		_, err := New(s.config()).Run(t.Context())
		require.ErrorContains(t, err, want)
		var wrong *OutputError
		require.ErrorAs(t, err, &wrong)
	}
	cfg := (&stage{}).config()
	broken := errors.New("broken")
	cfg.Run = func(context.Context, Side) ([]byte, error) { return nil, broken }
	_, err := New(cfg).Run(t.Context())
	require.ErrorIs(t, err, broken)
}

// TestContestWithARunThatFails: what was measured before is reported, and why there
// is no more.
func TestContestWithARunThatFails(t *testing.T) {
	broken := errors.New("broken")
	for _, runs := range []int{0, 100} {
		s := newStage([2]float64{0, 0.1})
		cfg := s.config()
		cfg.Runs = runs
		cfg.Run = func(ctx context.Context, side Side) ([]byte, error) {
			if len(s.ran) == 9 {
				return nil, broken
			}
			return s.run(ctx, side)
		}
		r, err := New(cfg).Run(t.Context())
		require.ErrorIs(t, err, broken)
		require.True(t, r.Interrupted)
		require.Equal(t, 3, r.Pairs)
		require.Len(t, r.Rows, 3)
	}
}

// TestLeftOut: rows of one side alone are told.
func TestLeftOut(t *testing.T) {
	s := &stage{took: time.Second, says: func(side Side, _ int) string {
		return fmt.Sprintf("BenchmarkX 1 5 ns/op\nBenchmark%v 1 5 ns/op\n", side)
	}}
	r, err := New(s.config()).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a: only a has it", "b: only b has it"}, r.LeftOut)
	require.Len(t, r.Rows, 1, "one row has no mean")
	require.Equal(t, Equal, r.Rows[0].Verdict)
}

// TestLost: what either side lost is told; where so much was lost that there is
// no median, that is why there is nothing to compare.
func TestLost(t *testing.T) {
	says := func(b string) *stage {
		return &stage{took: time.Second, says: func(side Side, _ int) string {
			if side == A {
				return "BenchmarkX 1 5 ns/op 0 lost/op\nBenchmarkY 1 5 ns/op 0 lost/op\n"
			}
			return b
		}}
	}
	r, err := New(says("BenchmarkX 1 4 ns/op 0.25 lost/op\nBenchmarkY 1 2 jobs/s 0.93 lost/op\n").config()).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Lost{{"X", 0, 0.25}}, r.Lost)
	require.Equal(t, "X: a lost 0 % of its jobs, b 25 %", r.Lost[0].String())
	require.Equal(t, []string{"Y: only a has it; it lost 93 % of its jobs there"}, r.LeftOut)

	_, err = New(says("BenchmarkX 1 2 jobs/s 0.93 lost/op\n").config()).Run(t.Context())
	require.ErrorContains(t, err, "nothing is measured in sec/op; there is jobs/s, lost/op; X lost 93 % of its jobs")
}
