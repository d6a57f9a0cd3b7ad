package metrics

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// Recorder takes a Decision for every batch. Record may be called from any
// goroutine and never blocks; it copies what it keeps, so that the caller may
// reuse d. A Recorder that also wants Events is a Tracer.
type Recorder interface {
	Record(d *Decision)
}

// Tracer takes Events, under the promises of Recorder.
type Tracer interface {
	Trace(e *Event)
}

// Discard records nothing.
type Discard struct{}

// Record does nothing.
func (Discard) Record(*Decision) {}

// TakesEvents reports whether a recorder is a Tracer that does anything with Events. A
// Tracer only for the sake of others, as one that hands them on, has a method of this name
// that says whether they are any.
func TakesEvents(r Recorder) bool {
	if _, ok := r.(Tracer); !ok {
		return false
	}
	x, ok := r.(interface{ TakesEvents() bool })
	return !ok || x.TakesEvents()
}

// LogTo has a recorder, or those of several that can, tell l of records that
// they cannot write.
func LogTo(r Recorder, l *slog.Logger) {
	if x, ok := r.(interface{ LogTo(*slog.Logger) }); ok {
		x.LogTo(l)
	}
}

// Multi records to each of its recorders, in order, and traces to those that
// are Tracers.
type Multi []Recorder

// Record gives d to every recorder.
func (m Multi) Record(d *Decision) {
	for _, r := range m {
		r.Record(d)
	}
}

// Trace gives e to every recorder that is a Tracer.
func (m Multi) Trace(e *Event) {
	for _, r := range m {
		if t, ok := r.(Tracer); ok {
			t.Trace(e)
		}
	}
}

// TakesEvents reports whether any of the recorders does.
func (m Multi) TakesEvents() bool { return slices.ContainsFunc(m, TakesEvents) }

// Flush waits until every recorder that can tell has written what it was
// given.
func (m Multi) Flush(ctx context.Context) error {
	return m.each(func(r Recorder) error {
		if f, ok := r.(interface{ Flush(context.Context) error }); ok {
			return f.Flush(ctx)
		}
		return nil
	})
}

// Reopen has every recorder that can open its file again.
func (m Multi) Reopen(ctx context.Context) error {
	return m.each(func(r Recorder) error {
		if f, ok := r.(interface{ Reopen(context.Context) error }); ok {
			return f.Reopen(ctx)
		}
		return nil
	})
}

// Close closes every recorder that can be closed.
func (m Multi) Close(ctx context.Context) error {
	return m.each(func(r Recorder) error {
		if c, ok := r.(interface{ Close(context.Context) error }); ok {
			return c.Close(ctx)
		}
		return nil
	})
}

// LogTo is LogTo of every recorder.
func (m Multi) LogTo(l *slog.Logger) {
	for _, r := range m {
		LogTo(r, l)
	}
}

// Dropped returns the records that any of the recorders dropped.
func (m Multi) Dropped() (n uint64) {
	for _, r := range m {
		if d, ok := r.(interface{ Dropped() uint64 }); ok {
			n += d.Dropped()
		}
	}
	return n
}

func (m Multi) each(f func(Recorder) error) error {
	var errs []error
	for _, r := range m {
		errs = append(errs, f(r))
	}
	return errors.Join(errs...)
}
