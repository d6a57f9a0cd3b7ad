package job

import (
	"errors"
	"fmt"
	"time"
)

// The errors a job can be refused or end with. Errors that carry more detail
// wrap these, so test with errors.Is.
var (
	// ErrInvalid: the job itself is wrong. See [InvalidError]. Not retryable.
	ErrInvalid = errors.New("job: invalid")
	// ErrTooLarge: a job, a message or an operand is larger than it may ever be: no
	// waiting helps. See [InvalidError]; it is an ErrInvalid, too.
	ErrTooLarge = errors.New("job: too large")
	// ErrQueueFull: an admission limit was met. See [QueueFullError]. Retry.
	ErrQueueFull = errors.New("job: queue full")
	// ErrClosed: the scheduler was closed before the job ended.
	ErrClosed = errors.New("job: scheduler closed")
	// ErrCancelled: the job's context or handle cancelled it. C is untouched.
	ErrCancelled = errors.New("job: cancelled")
	// ErrExpired: the job's deadline passed. C is untouched.
	ErrExpired = errors.New("job: deadline passed")
	// ErrReleased: an operand was released before the job was submitted.
	ErrReleased = errors.New("job: operand released")
	// ErrQuarantined: jobs like this one kept failing. See [QuarantinedError].
	ErrQuarantined = errors.New("job: quarantined")
	// ErrFailed: a kernel or the device failed, or the job's memory is not there
	// any more, and C may be written in part. The cause is wrapped too: for memory
	// of this process a *device.MemoryError.
	ErrFailed = errors.New("job: failed")
	// ErrHung: the device did not answer. The cause is wrapped too.
	ErrHung = errors.New("job: device hung")
)

// InvalidError names what is wrong with a job and what is allowed. Nothing
// was read or written. errors.Is(err, ErrInvalid) holds.
type InvalidError struct {
	Field   string // such as "B" or "C.cols"
	Got     string
	Allowed string
	Kind    error // what else it matches: ErrTooLarge, ErrCorrupt or nil
	Cause   error // a *tensor.Error, a *device.MemoryError of this process, or nil
}

func (e *InvalidError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("job: invalid %s: %v", e.Field, e.Cause)
	}
	return fmt.Sprintf("job: invalid %s: %s; allowed: %s", e.Field, e.Got, e.Allowed)
}

// Is makes an InvalidError match ErrInvalid and its kind.
func (e *InvalidError) Is(target error) bool {
	return target == ErrInvalid || e.Kind != nil && target == e.Kind
}

// Unwrap returns the cause.
func (e *InvalidError) Unwrap() error { return e.Cause }

func invalid(field, allowed, format string, args ...any) error {
	return &InvalidError{Field: field, Got: fmt.Sprintf(format, args...), Allowed: allowed}
}

// QueueFullError says which limit refused a job. errors.Is(err, ErrQueueFull)
// holds; the same job may be accepted later.
type QueueFullError struct {
	Limit  string // such as "jobs" or "bytes of tenant"
	Tenant string
	InUse  int64
	Max    int64
	// Excess is by how much the job exceeds the limit: what others must give
	// back before it fits.
	Excess int64
	// Rate is how much of what the limit counts was given back in a second
	// lately: 0 if nothing was, or nobody was refused in the last 10 seconds.
	Rate float64
	// RetryAfter estimates when the job will fit, from 100 microseconds to 5
	// seconds. 0: not known, for want of a Rate.
	RetryAfter time.Duration
}

func (e *QueueFullError) Error() string {
	when := "later"
	if e.RetryAfter > 0 {
		when = "after " + e.RetryAfter.String()
	}
	return fmt.Sprintf("job: queue full: %s: %d of %d in flight (tenant %q); retry %s", e.Limit, e.InUse, e.Max, e.Tenant, when)
}

// Is makes a QueueFullError match ErrQueueFull.
func (e *QueueFullError) Is(target error) bool { return target == ErrQueueFull }

// QuarantinedError refuses a job because others of its tenant with the same
// operand, kernel and shape failed again and again. Nothing was read or
// written. errors.Is(err, ErrQuarantined) holds; the same job may be accepted
// after Until.
type QuarantinedError struct {
	Until    time.Time
	Failures int   // since the last success
	Cause    error // of the last failure
}

func (e *QuarantinedError) Error() string {
	return fmt.Sprintf("job: quarantined until %s: %d jobs like it failed: %v", e.Until.Format(time.RFC3339Nano), e.Failures, e.Cause)
}

// Is makes a QuarantinedError match ErrQuarantined.
func (e *QuarantinedError) Is(target error) bool { return target == ErrQuarantined }

// Unwrap returns the cause.
func (e *QuarantinedError) Unwrap() error { return e.Cause }
