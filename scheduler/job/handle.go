package job

import (
	"context"
	"fmt"
)

// Handle is an accepted job in the hands of its caller. It is a small value;
// copies name the same job. Every method may be called from any goroutine.
//
// The zero Handle, which comes with an error, is that of a job that failed: its Err
// is an *InvalidError.
type Handle struct{ life *Life }

// noJob has ended, for zero Handles.
var noJob = func() *Life {
	l := &Life{}
	l.End(Failed, invalid("handle", "one that was returned without an error", "of no job"))
	return l
}()

func (h Handle) of() *Life {
	if h.life == nil {
		return noJob
	}
	return h.life
}

// HandleOf returns the handle of a life.
func HandleOf(l *Life) Handle { return Handle{life: l} }

// Wait returns when the job has ended: nil when it is done and its result is
// in C, otherwise an error that wraps one of this package's. If ctx ends first
// Wait returns its cause; the job goes on. So it does if ctx is nil, which is
// refused with ErrInvalid.
func (h Handle) Wait(ctx context.Context) error {
	if err := CheckContext(ctx); err != nil {
		return err
	}
	if h.of().wait(ctx) {
		return h.Err()
	}
	return context.Cause(ctx)
}

// Done returns a channel that is closed when the job has ended.
func (h Handle) Done() <-chan struct{} {
	w := &waiter{ch: make(chan struct{}), broadcast: true}
	if !h.of().await(w) {
		close(w.ch)
	}
	return w.ch
}

// Err returns nil while the job runs and after it is done, and otherwise why
// it ended.
func (h Handle) Err() error {
	_, err := h.of().Result()
	return err
}

// Outcome returns how the job ended; ok is false while it has not.
func (h Handle) Outcome() (o Outcome, ok bool) {
	o, _ = h.of().Result()
	return o, o != 0
}

// OnEnd has f called once when the job has ended, at once if it has already.
// f must not block: it may be called from where the device is run. If it panics,
// the process ends.
func (h Handle) OnEnd(f func()) { h.of().OnEnd(f) }

// Cancel ends the job with ErrCancelled, now, if its memory is not being
// written; then its result is discarded and C stays as it was. A job whose
// result is being written in place ends when the device lets go of it, or is
// given up with a HeldError.
func (h Handle) Cancel() { h.of().End(Cancelled, ErrCancelled) }

// CancelCause is Cancel with a reason, which the job's error wraps.
func (h Handle) CancelCause(cause error) {
	h.of().End(Cancelled, fmt.Errorf("%w: %w", ErrCancelled, cause))
}
