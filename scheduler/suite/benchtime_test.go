package suite

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBenchtimeText(t *testing.T) {
	for text, want := range map[string]Benchtime{"100x": {Ops: 100}, "300ms": {Time: 300 * time.Millisecond}} {
		var got Benchtime
		require.NoError(t, got.UnmarshalText([]byte(text)))
		require.Equal(t, want, got)
		require.Equal(t, text, got.String())
	}
	for _, text := range []string{"", "x", "0x", "-1x", "1.5x", "5", "0s", "-1s"} {
		require.Error(t, new(Benchtime).UnmarshalText([]byte(text)), text)
	}
}

// What is measured is what was asked for, whatever an operation takes.
func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			each, first        time.Duration
			benchtime          Benchtime
			least, most, extra int // operations that count, and others
		}{
			{time.Millisecond, time.Millisecond, Benchtime{Ops: 7}, 7, 7, 0},
			{time.Millisecond, time.Millisecond, Benchtime{}, 300, 306, 30},
			{time.Microsecond, time.Second / 100, Benchtime{Time: time.Second / 10}, 100000, 100000, 0},
			{time.Microsecond, time.Microsecond, Benchtime{Time: time.Second / 10}, 100000, 102000, 10000},
			{time.Minute, time.Minute, Benchtime{Time: time.Second}, 1, 1, 0},
			{time.Minute, time.Microsecond, Benchtime{Time: time.Second}, 1, 1, 1}, // slower than it was
		} {
			calls := 0
			ops, took, err := c.benchtime.measure(t.Context(), c.first, func() error {
				calls++
				time.Sleep(c.each)
				return nil
			})
			require.NoError(t, err)
			require.GreaterOrEqual(t, ops, c.least, "%+v", c)
			require.LessOrEqual(t, ops, c.most, "%+v", c)
			require.Equal(t, c.extra, calls-ops, "%+v", c)
			require.Equal(t, time.Duration(ops)*c.each, took, "%+v", c)
		}
	})
}

// A number of operations that takes long ends soon after its context, with the
// cause.
func TestMeasureIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, stop := context.WithCancelCause(t.Context())
		calls := 0
		_, _, err := Benchtime{Ops: 1e6}.measure(ctx, 0, func() error {
			if calls++; calls == 3 {
				stop(enough)
			}
			time.Sleep(time.Second)
			return nil
		})
		require.ErrorIs(t, err, enough)
		require.Equal(t, 3, calls)
	})
}

func TestMeasureEnds(t *testing.T) {
	ended, stop := context.WithCancel(context.Background())
	stop()
	for _, b := range []Benchtime{{}, {Ops: 5}} {
		_, _, err := b.measure(ended, 0, func() error { t.Error("called"); return nil })
		require.ErrorIs(t, err, context.Canceled)
	}
	broken := errors.New("broken")
	_, _, err := Benchtime{Ops: 5}.measure(context.Background(), 0, func() error { return broken })
	require.ErrorIs(t, err, broken)
}
