package daemon

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// doer is a job.Doer of which only Do works.
type doer struct {
	job.Doer
	do    func(ctx context.Context, m *job.Matmul) error
	asked int
}

func (d *doer) Do(ctx context.Context, j job.Job) error {
	d.asked++
	return d.do(ctx, j.(*job.Matmul))
}

func TestReadiness(t *testing.T) {
	broken := errors.New("no device")
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, m *job.Matmul) error
		want string
	}{
		{"works", func(_ context.Context, m *job.Matmul) error { m.C.SetValue(0, 0, 0, 31); return nil }, ""},
		{"is full", func(context.Context, *job.Matmul) error { return &job.QueueFullError{} }, ""},
		{"is broken", func(context.Context, *job.Matmul) error { return broken }, "no device"},
		{"miscounts", func(_ context.Context, m *job.Matmul) error { m.C.SetValue(0, 0, 0, 30); return nil }, "2*5 + 3*7 is 30"},
		{"hangs", func(ctx context.Context, _ *job.Matmul) error { <-ctx.Done(); return ctx.Err() }, "within 2s"},
	} {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { asks(t, &doer{do: c.do}, c.want) }) })
	}
}

func asks(t *testing.T, d *doer, want string) {
	r := newReadiness(d)
	for range 3 {
		if err := r.check(t.Context()); want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	require.Equal(t, 1, d.asked, "the answer is kept for a second")
	time.Sleep(time.Second)
	_ = r.check(t.Context())
	require.Equal(t, 2, d.asked)
}
