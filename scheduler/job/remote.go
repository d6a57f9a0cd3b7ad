package job

import (
	"errors"
	"fmt"
	"time"
)

// The errors that a Doer in another process adds. A job that ended with one of
// them left C as it was.
var (
	// ErrDisconnected: the server cannot be reached, or the connection broke and
	// did not come back in time. Retry.
	ErrDisconnected = errors.New("job: server not reachable")
	// ErrDraining: the server takes no new jobs. Retry, later or elsewhere.
	ErrDraining = errors.New("job: server is draining")
	// ErrRestarted: the server no longer has the operand. See [RestartedError]. Load
	// it and retry.
	ErrRestarted = errors.New("job: server was restarted")
	// ErrOutcomeUnknown: the job was sent, perhaps run, and the server no longer
	// knows what became of it. It was not run again.
	ErrOutcomeUnknown = errors.New("job: outcome no longer known")
	// ErrCorrupt: what was uploaded does not have the promised content. See
	// [InvalidError]; it is an ErrInvalid, too.
	ErrCorrupt = errors.New("job: corrupt content")
	// ErrForbidden: the caller may not do that.
	ErrForbidden = errors.New("job: forbidden")
	// ErrOutOfMemory: there is no memory left for an operand. Retry when others
	// have released theirs.
	ErrOutOfMemory = errors.New("job: out of memory for operands")
)

// RestartedError says what a job names that a server which was restarted has no
// more. errors.Is(err, ErrRestarted) holds, and Retryable says no: the same job ends
// so again until somebody has loaded what is missing.
type RestartedError struct {
	Field   string  // of the job, such as "A"; "" for shared memory
	Operand Operand // to be given its contents by Update, or loaded again; nil for shared memory
}

func (e *RestartedError) Error() string {
	if e.Operand == nil {
		return fmt.Sprintf("%v: it no longer has the memory that the job shares with it; share other", ErrRestarted)
	}
	v := e.Operand.View()
	return fmt.Sprintf("%v: it no longer has %s, an operand of %v %v; Update it with its contents, or Load them again",
		ErrRestarted, e.Field, v.DType(), v.Dims())
}

// Is makes a RestartedError match ErrRestarted.
func (e *RestartedError) Is(target error) bool { return target == ErrRestarted }

// RetryableError is any error of another process of which is known whether the
// same request may succeed later.
type RetryableError struct {
	Kind  error  // one of this package's
	Text  string // what the other process said
	Retry bool
	After time.Duration // 0: not known
	Cause error         // on this side, such as a *net.OpError; nil if it is the other process's
}

func (e *RetryableError) Error() string {
	if e.After > 0 {
		return fmt.Sprintf("%s; retry after %v", e.Text, e.After)
	}
	return e.Text
}

// Is makes the error match its kind.
func (e *RetryableError) Is(target error) bool { return target == e.Kind }

// Unwrap returns the cause on this side.
func (e *RetryableError) Unwrap() error { return e.Cause }

// Retryable reports whether the same job may succeed later, and after what time
// it is worth trying: 0 if that is not known.
func Retryable(err error) (after time.Duration, ok bool) {
	var full *QueueFullError
	var held *QuarantinedError
	var remote *RetryableError
	switch {
	case err == nil:
		return 0, false
	case errors.As(err, &full):
		return full.RetryAfter, true
	case errors.As(err, &remote):
		return remote.After, remote.Retry
	case errors.As(err, &held):
		return 0, true
	}
	for _, kind := range []error{ErrQueueFull, ErrQuarantined, ErrDisconnected, ErrDraining, ErrOutOfMemory} {
		if errors.Is(err, kind) {
			return 0, true
		}
	}
	return 0, false
}
