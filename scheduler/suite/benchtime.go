package suite

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
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

// measure calls do, uncounted at first unless it is so slow that the first time,
// which was before, was enough of that, as often as t asks for.
func (t Benchtime) measure(ctx context.Context, first time.Duration, do func() error) (ops int, took time.Duration, err error) {
	runtime.GC() // not of this one's making
	if t.Ops > 0 {
		took, err = times(t.Ops, do)
		return t.Ops, took, err
	}
	long := t.Time
	if long == 0 {
		long = defaultTime
	}
	if first >= long/warmShare {
		return until(ctx, long, 1, do)
	}
	warm, spent, err := until(ctx, long/warmShare, 1, do)
	if err != nil {
		return 0, 0, err
	}
	// Rarely enough that asking for the time does not count.
	chunk := int(float64(warm) / float64(max(1, spent)) * float64(long) / 50)
	return until(ctx, long, max(1, chunk), do)
}

// until calls do in chunks until they took so long together.
func until(ctx context.Context, long time.Duration, chunk int, do func() error) (ops int, took time.Duration, err error) {
	for took < long {
		d, err := times(chunk, do)
		if err == nil {
			err = context.Cause(ctx)
		}
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
