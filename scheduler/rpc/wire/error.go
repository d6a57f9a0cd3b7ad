package wire

import (
	"errors"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// kinds are the errors with a reason of their own, those that others wrap, or match
// as well, last.
var kinds = []struct {
	err       error
	reason    pb.Reason
	code      connect.Code
	retryable bool
}{
	{job.ErrTooLarge, pb.Reason_REASON_TOO_LARGE, connect.CodeInvalidArgument, false},
	{job.ErrCorrupt, pb.Reason_REASON_CORRUPT, connect.CodeInvalidArgument, false},
	{job.ErrInvalid, pb.Reason_REASON_INVALID, connect.CodeInvalidArgument, false},
	{job.ErrQueueFull, pb.Reason_REASON_QUEUE_FULL, connect.CodeResourceExhausted, true},
	{job.ErrDraining, pb.Reason_REASON_DRAINING, connect.CodeUnavailable, true},
	{job.ErrClosed, pb.Reason_REASON_CLOSED, connect.CodeUnavailable, true},
	{job.ErrCancelled, pb.Reason_REASON_CANCELLED, connect.CodeCanceled, false},
	{job.ErrExpired, pb.Reason_REASON_EXPIRED, connect.CodeDeadlineExceeded, false},
	{job.ErrReleased, pb.Reason_REASON_RELEASED, connect.CodeFailedPrecondition, false},
	{job.ErrQuarantined, pb.Reason_REASON_QUARANTINED, connect.CodeUnavailable, true},
	{job.ErrMemoryHeld, pb.Reason_REASON_MEMORY_HELD, connect.CodeInternal, false},
	{job.ErrHung, pb.Reason_REASON_HUNG, connect.CodeInternal, true},
	{job.ErrUnavailable, pb.Reason_REASON_UNAVAILABLE, connect.CodeUnavailable, true},
	{job.ErrOutcomeUnknown, pb.Reason_REASON_OUTCOME_UNKNOWN, connect.CodeAborted, false},
	{job.ErrOutOfMemory, pb.Reason_REASON_OUT_OF_MEMORY, connect.CodeResourceExhausted, true},
	{job.ErrForbidden, pb.Reason_REASON_FORBIDDEN, connect.CodePermissionDenied, false},
	{job.ErrDisconnected, pb.Reason_REASON_DISCONNECTED, connect.CodeUnavailable, true},
	{job.ErrFailed, pb.Reason_REASON_FAILED, connect.CodeInternal, false},
}

// FromError returns the message for an error, nil for nil.
func FromError(err error, now time.Time) *pb.Error {
	if err == nil {
		return nil
	}
	m := &pb.Error{Text: text(err.Error())}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			m.Reason, m.Retryable = k.reason, k.retryable
			break
		}
	}
	var wrong *job.InvalidError
	if errors.As(err, &wrong) {
		m.Field, m.Got, m.Allowed = text(wrong.Field), text(wrong.Got), text(wrong.Allowed)
	}
	var full *job.QueueFullError
	if errors.As(err, &full) {
		m.RetryAfterNs = int64(full.RetryAfter)
		m.Limit = &pb.Limit{
			Name: full.Limit, Tenant: full.Tenant, InUse: full.InUse, Max: full.Max, Excess: full.Excess, Rate: full.Rate,
		}
	}
	var ill *job.QuarantinedError
	if errors.As(err, &ill) {
		m.RetryAfterNs, m.Failures = int64(max(ill.Until.Sub(now), 0)), int64(ill.Failures)
	}
	return m
}

// ReasonOf returns the reason of an error.
func ReasonOf(err error) pb.Reason {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.reason
		}
	}
	return pb.Reason_REASON_UNSPECIFIED
}

// text returns what a message can have: UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ToError returns the error of a message: of the same type and matching the
// same errors of package job as on the other side. nil for nil.
func ToError(m *pb.Error, now time.Time) error {
	if m == nil {
		return nil
	}
	after := time.Duration(m.GetRetryAfterNs())
	switch kind := kindOf(m.GetReason()); kind {
	case job.ErrInvalid:
		return invalid(m, nil)
	case job.ErrTooLarge, job.ErrCorrupt:
		return invalid(m, kind)
	case job.ErrQueueFull:
		l := m.GetLimit()
		return &job.QueueFullError{
			Limit: l.GetName(), Tenant: l.GetTenant(), InUse: l.GetInUse(), Max: l.GetMax(), Excess: l.GetExcess(),
			Rate: l.GetRate(), RetryAfter: after,
		}
	case job.ErrQuarantined:
		return &job.QuarantinedError{Until: now.Add(after), Failures: int(m.GetFailures()), Cause: errors.New(m.GetText())}
	case job.ErrMemoryHeld: // nobody here is told when it is released
		return &job.HeldError{Cause: &job.RetryableError{Kind: job.ErrHung, Text: strings.TrimSuffix(m.GetText(), held)}}
	default:
		return &job.RetryableError{Kind: kind, Text: m.GetText(), Retry: m.GetRetryable(), After: after}
	}
}

// held is what a HeldError adds to its cause.
var held = (&job.HeldError{Cause: errors.New("")}).Error()

func invalid(m *pb.Error, kind error) error {
	return &job.InvalidError{Field: m.GetField(), Got: m.GetGot(), Allowed: m.GetAllowed(), Kind: kind, Cause: cause(m)}
}

// cause is for an InvalidError that says what is wrong in a cause only.
func cause(m *pb.Error) error {
	if m.GetAllowed() != "" {
		return nil
	}
	return errors.New(strings.TrimPrefix(m.GetText(), "job: invalid "+m.GetField()+": "))
}

// kindOf returns the error of a reason; job.ErrFailed if there is none.
func kindOf(r pb.Reason) error {
	for _, k := range kinds {
		if k.reason == r {
			return k.err
		}
	}
	return job.ErrFailed
}
