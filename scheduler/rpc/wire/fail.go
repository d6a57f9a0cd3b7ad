package wire

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

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
	return FailAs(code, err, now)
}

// FailAs is Fail with a code that is not the one of the error's kind.
func FailAs(code connect.Code, err error, now time.Time) error {
	return with(connect.NewError(code, err), FromError(err, now))
}

func with(e *connect.Error, m *pb.Error) error {
	if d, bad := connect.NewErrorDetail(m); bad == nil {
		e.AddDetail(d)
	}
	return e
}

// Detailed returns the error of a call with a message among its details, also if it
// was not made by Fail but by package connect: one for its code then. nil for nil.
func Detailed(err error, now time.Time) error {
	var e *connect.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
	case errors.Is(err, context.Canceled):
		e = connect.NewError(connect.CodeCanceled, err)
	case errors.Is(err, context.DeadlineExceeded):
		e = connect.NewError(connect.CodeDeadlineExceeded, err)
	default:
		return Fail(err, now)
	}
	if messageOf(e) != nil {
		return err
	}
	kind, _ := ofCode(e.Code())
	if kind == job.ErrDisconnected { // it is not: we answer
		kind = job.ErrFailed
	}
	m := FromError(kind, now)
	m.Text = text(e.Message())
	return with(connect.NewError(e.Code(), e.Unwrap()), m) // e may be everybody's
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
	if m := messageOf(e); m != nil {
		return ToError(m, now)
	}
	return byCode(e)
}

// messageOf returns the message among an error's details, nil if there is none.
func messageOf(e *connect.Error) *pb.Error {
	for _, d := range e.Details() {
		if v, bad := d.Value(); bad == nil {
			if m, ok := v.(*pb.Error); ok {
				return m
			}
		}
	}
	return nil
}

// byCode is for errors that say nothing but their code, such as those that
// package connect makes itself.
func byCode(e *connect.Error) error {
	kind, retry := ofCode(e.Code())
	if kind == job.ErrTooLarge {
		return &job.InvalidError{Field: "message", Kind: kind, Cause: e}
	}
	return &job.RetryableError{Kind: kind, Text: "rpc: " + e.Message(), Retry: retry, Cause: e.Unwrap()}
}

// ofCode returns the kind of an error that says nothing but its code, and whether to
// try again.
func ofCode(c connect.Code) (kind error, retry bool) {
	switch c {
	case connect.CodeInvalidArgument, connect.CodeUnimplemented, connect.CodeNotFound:
		return job.ErrInvalid, false
	case connect.CodeResourceExhausted: // of the size of a message
		return job.ErrTooLarge, false
	case connect.CodeCanceled:
		return job.ErrCancelled, false
	case connect.CodeDeadlineExceeded:
		return job.ErrExpired, false
	case connect.CodePermissionDenied, connect.CodeUnauthenticated:
		return job.ErrForbidden, false
	default:
		return job.ErrDisconnected, true
	}
}
