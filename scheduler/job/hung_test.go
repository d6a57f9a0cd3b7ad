package job_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestHeldError(t *testing.T) {
	cause := errors.New("no answer")
	released := make(chan struct{})
	err := fmt.Errorf("job 3: %w", &job.HeldError{Cause: cause, Released: released})
	require.ErrorIs(t, err, job.ErrHung)
	require.ErrorIs(t, err, job.ErrMemoryHeld)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, job.ErrFailed)
	require.NotErrorIs(t, err, job.ErrCancelled)
	var held *job.HeldError
	require.ErrorAs(t, err, &held)
	require.EqualError(t, held, "no answer; C may still be written by the device")
	close(released)
	<-held.Released
}
