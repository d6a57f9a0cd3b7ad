package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// refuser is a scheduler that refuses each job for the reason that is its tenant.
type refuser struct {
	scheduler.Service
	why map[string]error
}

// SubmitEach implements scheduler.Service.
func (s refuser) SubmitEach(_ context.Context, each []scheduler.Each, told func(i int)) {
	for i := range each {
		each[i].Err = s.why[job.OptionsOf(each[i].Job).Tenant]
		told(i)
	}
}

// Every reason of the wire is sent for an error of a scheduler, and is the same error
// with the client.
func TestEveryReasonIsSent(t *testing.T) {
	why := map[string]error{
		"REASON_INVALID":    &job.InvalidError{Field: "B", Got: "3", Allowed: "2"},
		"REASON_QUEUE_FULL": &job.QueueFullError{Limit: "jobs", Tenant: "t", InUse: 1, Max: 1, Excess: 1},
		"REASON_CLOSED":     job.ErrClosed, "REASON_CANCELLED": job.ErrCancelled, "REASON_EXPIRED": job.ErrExpired,
		"REASON_RELEASED":    fmt.Errorf("%w: no operand 4", job.ErrReleased),
		"REASON_QUARANTINED": &job.QuarantinedError{Until: time.Now().Add(time.Hour), Failures: 3, Cause: errors.New("it burns")},
		"REASON_FAILED":      fmt.Errorf("%w: it burns", job.ErrFailed), "REASON_HUNG": fmt.Errorf("%w: it sleeps", job.ErrHung),
		"REASON_UNAVAILABLE": job.ErrUnavailable, "REASON_DRAINING": job.ErrDraining,
		"REASON_TOO_LARGE": fmt.Errorf("fleet: %w: %w", device.ErrOutOfMemory, &job.InvalidError{
			Field: "operands", Got: "3 bytes", Allowed: "2", Kind: job.ErrTooLarge,
		}),
		"REASON_OUTCOME_UNKNOWN": job.ErrOutcomeUnknown, "REASON_OUT_OF_MEMORY": job.ErrOutOfMemory,
		"REASON_CORRUPT": &job.InvalidError{Field: "content.sha256", Got: "1", Allowed: "2", Kind: job.ErrCorrupt}, "REASON_FORBIDDEN": job.ErrForbidden,
		"REASON_DISCONNECTED": job.ErrDisconnected,
		// The server's memory is held: the caller's is not.
		"REASON_MEMORY_HELD": &job.HeldError{Cause: job.ErrHung}, "REASON_UNSPECIFIED": errors.New("who knows"),
	}
	r := startRig(t, rigConfig{over: func(s scheduler.Service) scheduler.Service { return refuser{s, why} }})
	c := r.dial(rpc.Config{RetryFor: -1})
	for _, name := range pb.Reason_name {
		require.Error(t, why[name], "%s is sent for nothing", name)
		j := dot(0)
		j.Tenant = name
		_, err := c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: j}))
		require.Equal(t, name, detailOf(t, err, connect.CodeOf(err)).GetReason().String())

		own := softmax(8)
		own.Tenant = name
		err = c.Do(t.Context(), own)
		for _, kind := range []error{
			job.ErrInvalid, job.ErrTooLarge, job.ErrCorrupt, job.ErrQueueFull, job.ErrClosed, job.ErrCancelled, job.ErrExpired, job.ErrReleased,
			job.ErrQuarantined, job.ErrFailed, job.ErrHung, job.ErrUnavailable, job.ErrDraining, job.ErrOutcomeUnknown, job.ErrOutOfMemory,
			job.ErrForbidden, job.ErrMemoryHeld,
		} {
			want := errors.Is(why[name], kind)
			switch name {
			case "REASON_UNSPECIFIED":
				want = kind == job.ErrFailed
			case "REASON_MEMORY_HELD":
				want = kind == job.ErrHung
			}
			require.Equal(t, want, errors.Is(err, kind), "%s: %v: %v", name, kind, err)
		}
		for _, as := range []error{new(job.InvalidError), new(job.QueueFullError), new(job.QuarantinedError)} {
			require.Equal(t, asSame(why[name], as), asSame(err, as), "%s: %v", name, err)
		}
	}
}

// asSame reports whether an error is of another's type.
func asSame(err, other error) (is bool) {
	switch other.(type) {
	case *job.InvalidError:
		is = errors.As(err, new(*job.InvalidError))
	case *job.QueueFullError:
		is = errors.As(err, new(*job.QueueFullError))
	case *job.QuarantinedError:
		is = errors.As(err, new(*job.QuarantinedError))
	}
	return is
}

// What is larger than it may ever be is told so, and not what is told to those for
// whom there is no room at present.
func TestTooLargeIsTyped(t *testing.T) {
	const device = 1 << 20
	r := startRig(t, rigConfig{
		scheduler: scheduler.Config{Device: sim.Open(sim.Config{AllocLimit: device}), Limits: job.Limits{Bytes: 4 << 10}},
		server:    server.Config{Limits: server.Limits{MessageBytes: 2 << 20, Jobs: 3, OperandBytes: 3 << 20}},
	})
	c := r.dial(rpc.Config{})
	load := func(n int) error {
		_, err := c.Load(tensor.Matrix(make([]float32, n/4), 1, n/4))
		return err
	}
	group := make([]job.Job, 4)
	for i := range group {
		group[i] = softmax(8)
	}
	for name, err := range map[string]error{
		"for the limits": c.Do(t.Context(), softmax(4<<10)),
		"for a message":  c.Do(t.Context(), softmax(1<<20)),
		"jobs together":  c.DoAll(t.Context(), group),
		"for an operand": load(4 << 20),
		"for the device": load(2 << 20),
	} {
		var wrong *job.InvalidError
		require.ErrorAs(t, err, &wrong, name)
		require.ErrorIs(t, err, job.ErrTooLarge, name)
		require.NotEmpty(t, wrong.Allowed, name)
		_, again := job.Retryable(err)
		require.False(t, again, name)
	}
	require.NoError(t, load(device/2+1024))
	err := load(device/2 + 1028)
	require.ErrorIs(t, err, job.ErrOutOfMemory, "others may release theirs")
	require.NotErrorIs(t, err, job.ErrTooLarge)
}
