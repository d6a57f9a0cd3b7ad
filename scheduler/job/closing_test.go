package job_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestClosing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		boom, c, let := errors.New("boom"), job.NewClosing(), make(chan struct{})
		never := func() error { panic("closed twice") }
		var none context.Context
		require.ErrorIs(t, c.Do(none, never), job.ErrInvalid)
		errs := make(chan error, 2)
		go func() { errs <- c.Do(t.Context(), func() error { <-let; return boom }) }()
		synctest.Wait()
		go func() { errs <- c.Do(t.Context(), never) }()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err := c.Do(ended, never)
		require.ErrorIs(t, err, context.Canceled, "it waits no longer than it may")
		require.ErrorIs(t, err, job.ErrClosed)
		synctest.Wait()
		require.Empty(t, errs, "while others do")
		close(let)
		require.Equal(t, boom, <-errs)
		require.Equal(t, boom, <-errs)
		for range 100 { // whatever select would choose
			require.Equal(t, boom, c.Do(ended, never))
		}
	})
}

func TestClosingThatPanics(t *testing.T) {
	c := job.NewClosing()
	require.PanicsWithValue(t, "boom", func() { _ = c.Do(t.Context(), func() error { panic("boom") }) })
	require.ErrorContains(t, c.Do(t.Context(), func() error { return nil }), "panicked")
}

// What others hold is waited for as long as the context allows, and closed after them.
func TestClosingAfterOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cut, boom, c, free := errors.New("cut off"), errors.New("boom"), job.NewClosing(), make(chan struct{})
		ended, cancel := context.WithCancel(t.Context())
		begin := func() (<-chan struct{}, error) { return free, cut }
		over := false
		end := func() error { over = true; return boom }
		errs := make(chan error, 2)
		go func() { errs <- c.DoAfter(ended, begin, end) }()
		synctest.Wait()
		require.Empty(t, errs)
		cancel()
		err := <-errs
		require.ErrorIs(t, err, job.ErrClosed)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cut)
		require.ErrorIs(t, c.Do(ended, nil), job.ErrClosed)
		go func() { errs <- c.Do(t.Context(), nil) }()
		synctest.Wait()
		require.Empty(t, errs)
		require.False(t, over)
		close(free)
		require.Equal(t, boom, <-errs)
		require.True(t, over)
		for range 100 { // whatever select would choose
			require.Equal(t, boom, job.NewClosing().DoAfter(ended, begin, end))
		}
	})
}
