package wire

import (
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// kinds are the errors with a reason of their own, those that others wrap last.
var kinds = []struct {
	err       error
	reason    pb.Reason
	code      connect.Code
	retryable bool
}{
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
	{job.ErrFailed, pb.Reason_REASON_FAILED, connect.CodeInternal, false},
}

// FromError returns the message for an error, nil for nil.
func FromError(err error, now time.Time) *pb.Error {
	if err == nil {
		return nil
	}
	m := &pb.Error{Text: err.Error()}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			m.Reason, m.Retryable = k.reason, k.retryable
			break
		}
	}
	var invalid *job.InvalidError
	if errors.As(err, &invalid) {
		m.Field, m.Got, m.Allowed = invalid.Field, invalid.Got, invalid.Allowed
	}
	var full *job.QueueFullError
	if errors.As(err, &full) {
		m.RetryAfterNs = int64(full.RetryAfter)
		m.Limit = &pb.Limit{
			Name: full.Limit, Tenant: full.Tenant, InUse: full.InUse, Max: full.Max, Excess: full.Excess, Rate: full.Rate,
		}
	}
	var held *job.QuarantinedError
	if errors.As(err, &held) {
		m.RetryAfterNs, m.Failures = int64(max(held.Until.Sub(now), 0)), int64(held.Failures)
	}
	return m
}

// ToError returns the error of a message: of the same type and matching the
// same errors of package job as on the other side. nil for nil.
func ToError(m *pb.Error, now time.Time) error {
	if m == nil {
		return nil
	}
	after := time.Duration(m.GetRetryAfterNs())
	switch r := m.GetReason(); true {
	case r == pb.Reason_REASON_INVALID || r == pb.Reason_REASON_TOO_LARGE:
		return &job.InvalidError{Field: m.GetField(), Got: m.GetGot(), Allowed: m.GetAllowed(), Cause: cause(m)}
	case r == pb.Reason_REASON_QUEUE_FULL:
		l := m.GetLimit()
		return &job.QueueFullError{
			Limit: l.GetName(), Tenant: l.GetTenant(), InUse: l.GetInUse(), Max: l.GetMax(), Excess: l.GetExcess(),
			Rate: l.GetRate(), RetryAfter: after,
		}
	case r == pb.Reason_REASON_QUARANTINED:
		return &job.QuarantinedError{Until: now.Add(after), Failures: int(m.GetFailures()), Cause: errors.New(m.GetText())}
	default:
		return &job.RetryableError{Kind: kindOf(m.GetReason()), Text: m.GetText(), Retry: m.GetRetryable(), After: after}
	}
}

// cause is for an InvalidError that says what is wrong in a cause only.
func cause(m *pb.Error) error {
	if m.GetAllowed() != "" {
		return nil
	}
	return errors.New(m.GetText())
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

// Fail turns an error into one for the answer to a call, with its message among
// the details. nil for nil.
func Fail(err error, now time.Time) error {
	if err == nil {
		return nil
	}
	code := connect.CodeInternal
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			code = k.code
			break
		}
	}
	e := connect.NewError(code, err)
	if d, bad := connect.NewErrorDetail(FromError(err, now)); bad == nil {
		e.AddDetail(d)
	}
	return e
}

// Failed turns the error of a call into the one that the other side had. One of
// the connection matches job.ErrDisconnected. nil for nil.
func Failed(err error, now time.Time) error {
	var e *connect.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return &job.RetryableError{Kind: job.ErrDisconnected, Text: "rpc: " + err.Error(), Retry: true, Cause: err}
	}
	for _, d := range e.Details() {
		if v, bad := d.Value(); bad == nil {
			if m, ok := v.(*pb.Error); ok {
				return ToError(m, now)
			}
		}
	}
	return byCode(e)
}

// byCode is for errors that say nothing but their code, such as those that
// package connect makes itself.
func byCode(e *connect.Error) error {
	r := &job.RetryableError{Kind: job.ErrFailed, Text: "rpc: " + e.Message(), Cause: e.Unwrap()}
	switch e.Code() {
	case connect.CodeInvalidArgument, connect.CodeUnimplemented, connect.CodeNotFound:
		r.Kind = job.ErrInvalid
	case connect.CodeResourceExhausted: // of the size of a message
		r.Kind = job.ErrInvalid
	case connect.CodeCanceled:
		r.Kind = job.ErrCancelled
	case connect.CodeDeadlineExceeded:
		r.Kind = job.ErrExpired
	case connect.CodePermissionDenied, connect.CodeUnauthenticated:
		r.Kind = job.ErrForbidden
	default:
		r.Kind, r.Retry = job.ErrDisconnected, true
	}
	return r
}
