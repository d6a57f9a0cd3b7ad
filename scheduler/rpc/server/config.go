package server

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// Config says how a Server serves. Only Scheduler must be set.
type Config struct {
	// Scheduler runs the jobs. The server does not close it.
	Scheduler scheduler.Service
	// Feed hands out the scheduler's decisions: the same that is, or is among,
	// its Recorder. Nil: the Decisions call says that there are none.
	Feed *metrics.Feed
	// Limits bound what callers may make the server keep.
	Limits Limits
	// Tenant returns the tenant that a caller may act for, who asked for one, or
	// an error that wraps job.ErrForbidden. It is called for every job, so it
	// should be fast. Default: anybody is who they say.
	Tenant func(ctx context.Context, asked string) (string, error)
	// Admin reports whether a caller may do what is for who runs the server: see
	// what other tenants hold, and release names that are not theirs. Default:
	// everybody may.
	Admin func(ctx context.Context) bool
	// Detach is how long jobs with an id go on, and operands stay loaded, for a
	// session without a connection. Default 30 s.
	Detach time.Duration
	// Keep is how long the server remembers what became of a job. Default 2 min.
	Keep time.Duration
	// Logger takes what an operator should know. Default: nothing is logged.
	Logger *slog.Logger
}

// Limits bound what callers may make a server keep. 0 means the default.
type Limits struct {
	// MessageBytes bounds one message, in or out. Default 64 MiB.
	MessageBytes int
	// ReadingBytes bounds the messages of all callers that are being read and
	// decoded, those of 64 KiB and less not counted; half of it is any one tenant's.
	// Decoding takes up to three times a message's size. Default 512 MiB, and never
	// less than one message.
	ReadingBytes int64
	// OperandBytes bounds one operand. Default 4 GiB.
	OperandBytes int64
	// UploadBytes bounds all uploads that are not complete. Default 8 GiB.
	UploadBytes int64
	// TenantOperandBytes bounds what one tenant holds of operands and of uploads
	// that are not complete, with 1 KiB more for each operand and name. 0: no
	// bound.
	TenantOperandBytes int64
	// Jobs bounds the jobs in one message. Default 65536.
	Jobs int
	// KeptJobs bounds the ended jobs that are remembered of one session. Default
	// 65536.
	KeptJobs int
	// KeptBytes bounds the results that are remembered of all sessions; the tenant
	// that keeps most, or the session whose owner has no name, loses its oldest.
	// Default 256 MiB.
	KeptBytes int64
	// Sessions bounds the sessions, and half of it those of one tenant with a
	// name. Default 65536.
	Sessions int
	// SharedBytes bounds the memory shared with all clients, which is taken at
	// once: the machine must have it. Half of it is any one tenant's, or any one
	// session's whose tenant has no name. Default 1 GiB.
	SharedBytes int64
}

func (l Limits) withDefaults() Limits {
	return Limits{
		MessageBytes:       cmp.Or(l.MessageBytes, 64<<20),
		ReadingBytes:       cmp.Or(l.ReadingBytes, 512<<20),
		OperandBytes:       cmp.Or(l.OperandBytes, 4<<30),
		UploadBytes:        cmp.Or(l.UploadBytes, 8<<30),
		TenantOperandBytes: l.TenantOperandBytes,
		Jobs:               cmp.Or(l.Jobs, 1<<16),
		KeptJobs:           cmp.Or(l.KeptJobs, 1<<16),
		KeptBytes:          cmp.Or(l.KeptBytes, 256<<20),
		Sessions:           cmp.Or(l.Sessions, 1<<16),
		SharedBytes:        cmp.Or(l.SharedBytes, 1<<30),
	}
}

func (c Config) withDefaults() Config {
	c.Limits = c.Limits.withDefaults()
	c.Detach = cmp.Or(c.Detach, 30*time.Second)
	c.Keep = cmp.Or(c.Keep, 2*time.Minute)
	if c.Tenant == nil {
		c.Tenant = func(_ context.Context, asked string) (string, error) { return asked, nil }
	}
	if c.Admin == nil {
		c.Admin = func(context.Context) bool { return true }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
