package ab

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	real = flag.Bool("ab.real", false, "run real contests of real processes; the machine should have nothing else to do")
	most = flag.Duration("ab.for", 2*time.Minute, "how long each real contest may take")
)

// plantedWork is a benchmark of two rows which does AB_TEST_MORE percent more
// work than it has to.
func plantedWork() {
	more, err := strconv.ParseFloat(os.Getenv("AB_TEST_MORE"), 64)
	if err != nil {
		panic(err)
	}
	for _, row := range []struct {
		name        string
		work, times int // a millisecond or so; ten
	}{{"short", 350_000, 41}, {"long", 3_500_000, 11}} {
		for range row.times {
			start := time.Now()
			sum := burn(int(float64(row.work) * (1 + more/100)))
			fmt.Printf("Benchmark%s 1 %d ns/op %v sum\n", row.name, time.Since(start).Nanoseconds(), sum)
		}
	}
}

// burn takes time that grows with n, in a chain that no processor shortens.
func burn(n int) float64 {
	x := 1.0
	for i := range n {
		x = x*0.999999 + float64(i&7)
	}
	return x
}

// contest compares the benchmark with itself, with more percent of work in b.
func contest(t *testing.T, more float64, seed uint64) *Report {
	programs := [2]*Program{
		self(t, acting+"=work", "AB_TEST_MORE=0"),
		self(t, acting+"=work", fmt.Sprintf("AB_TEST_MORE=%v", more)),
	}
	r, err := New(Config{
		Run: func(ctx context.Context, side Side) ([]byte, error) { return programs[side].Run(ctx, time.Minute) },
		For: *most, Seed: seed, Alpha: 0.05, Least: 0.02, Unit: DefaultUnit, Now: time.Now,
	}).Run(t.Context())
	require.NoError(t, err)
	for _, row := range r.Rows {
		t.Logf("seed %d, %d pairs in %v, %d looks: %-14s %+.2f%% (%+.2f%% to %+.2f%%) %s", seed, r.Pairs,
			r.Elapsed.Round(time.Second/10), len(r.Looks), row.Name, 100*row.Change.Mid, 100*row.Change.Low, 100*row.Change.High, row.Verdict)
	}
	return r
}

func needsReal(t *testing.T) {
	if !*real {
		t.Skip("NOT TESTED: 5 % and nothing, of real processes, which takes half an hour of a machine that has nothing else to do: " +
			"go test ./cmd/metallic-sched/ab -run Real -v -timeout 2h -ab.real")
	}
}

// TestRealPlant: a slow-down by 5 % is found in under two minutes.
func TestRealPlant(t *testing.T) {
	needsReal(t)
	r := contest(t, 5, 1)
	require.Less(t, r.Elapsed, 2*time.Minute)
	for _, row := range r.Rows {
		require.Equal(t, Slower, row.Verdict, row.Name)
		require.InDelta(t, 0.05, row.Change.Mid, 0.02, row.Name)
	}
}

// TestRealAA: of 20 contests between a program and itself 19 or more call all
// rows equal; none finds a difference, but one may.
func TestRealAA(t *testing.T) {
	needsReal(t)
	equal, different := 0, 0
	for seed := range uint64(20) {
		r := contest(t, 0, seed+1)
		if slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Verdict.Different() }) {
			different++
		}
		if r.Count(isEqual) == len(r.Rows) {
			equal++
		}
	}
	t.Logf("of 20: %d equal, %d different, %d cannot tell", equal, different, 20-equal-different)
	require.LessOrEqual(t, different, 1)
	require.GreaterOrEqual(t, equal, 19)
}
