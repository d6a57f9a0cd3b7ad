package suite

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Benchtime is how long a case is measured: for a time at least, or for a
// number of operations. The zero Benchtime is 300 ms.
type Benchtime struct {
	Time time.Duration
	Ops  int
}

const defaultTime = 300 * time.Millisecond

// UnmarshalText reads a duration such as 300ms, or a number of operations such
// as 100x.
func (t *Benchtime) UnmarshalText(text []byte) error {
	s := string(text)
	if digits, ok := strings.CutSuffix(s, "x"); ok {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of operations; write it like 100x", s)
		}
		*t = Benchtime{Ops: n}
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no time to measure for; write it like 300ms, or 100x for so many operations", s)
	}
	*t = Benchtime{Time: d}
	return nil
}

func (t Benchtime) String() string {
	if t.Ops > 0 {
		return strconv.Itoa(t.Ops) + "x"
	}
	return t.Time.String()
}

// warmShare is the part of the time that is spent before measuring.
const warmShare = 10

// long is how long is measured if no number of operations is asked for.
func (t Benchtime) long() time.Duration { return cmp.Or(t.Time, defaultTime) }

// slow reports whether an operation that takes so long is enough to warm up.
func (t Benchtime) slow(first time.Duration) bool { return t.Ops == 0 && first >= t.long()/warmShare }

// measure calls do, uncounted at first unless it is so slow that the first time,
// which was before, was enough of that, as often as t asks for.
func (t Benchtime) measure(ctx context.Context, first time.Duration, do func() error) (ops int, took time.Duration, err error) {
	runtime.GC() // not of this one's making
	do, stop := ending(ctx, do)
	defer stop()
	if t.Ops > 0 {
		took, err = times(t.Ops, do)
		return t.Ops, took, err
	}
	long := t.long()
	if t.slow(first) {
		return until(long, 1, do)
	}
	warm, spent, err := until(long/warmShare, 1, do)
	if err != nil {
		return 0, 0, err
	}
	// Rarely enough that asking for the time does not count.
	chunk := int(float64(warm) / float64(max(1, spent)) * float64(long) / 50)
	return until(long, max(1, chunk), do)
}

// ending returns do with an end when ctx ends, at the cost of reading a flag. What
// is running is not cut short.
func ending(ctx context.Context, do func() error) (_ func() error, stop func() bool) {
	var ended atomic.Bool
	ended.Store(ctx.Err() != nil)
	stop = context.AfterFunc(ctx, func() { ended.Store(true) })
	return func() error {
		if ended.Load() {
			return context.Cause(ctx)
		}
		return do()
	}, stop
}

// until calls do in chunks until they took so long together.
func until(long time.Duration, chunk int, do func() error) (ops int, took time.Duration, err error) {
	for took < long {
		d, err := times(chunk, do)
		if err != nil {
			return 0, 0, err
		}
		ops, took = ops+chunk, took+d
	}
	return ops, took, nil
}

func times(n int, do func() error) (time.Duration, error) {
	start := time.Now()
	for range n {
		if err := do(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
