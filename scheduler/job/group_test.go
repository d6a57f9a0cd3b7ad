package job_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestGroupWaitsForAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := job.NewGroup()
		for range 2 { // and again, when all have ended
			lives := make([]job.Life, 3)
			g.Expect(len(lives) + 1)
			for i := range lives {
				lives[i].Init(job.Lease{}, g)
			}
			waited := make(chan error, 1)
			go func() { waited <- g.Wait(t.Context()) }()
			lives[0].End(job.Done, nil)
			lives[1].End(job.Failed, job.ErrFailed)
			g.Forget(1)
			synctest.Wait()
			require.Empty(t, waited)
			lives[2].End(job.Cancelled, job.ErrCancelled)
			require.NoError(t, <-waited)
		}
	})
}

func TestGroupWaitEndsWithItsContext(t *testing.T) {
	g := job.NewGroup()
	g.Expect(1)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	cancel(why)
	require.Equal(t, why, g.Wait(ctx))
	g.Forget(1)
	require.NoError(t, g.Wait(context.Background()), "waiting again after giving up")
}

func TestGroupForgetOfNothing(t *testing.T) {
	g := job.NewGroup()
	g.Forget(0)
	g.Forget(0)
	g.Expect(1)
	g.Forget(0)
	g.Forget(1)
	require.NoError(t, g.Wait(context.Background()))
}

func TestGroupUnderConcurrentEnds(t *testing.T) {
	g := job.NewGroup()
	for range 300 {
		lives := make([]job.Life, 8)
		g.Expect(len(lives))
		var all sync.WaitGroup
		for i := range lives {
			lives[i].Init(job.Lease{}, g)
			all.Go(func() { lives[i].End(job.Done, nil) })
			all.Go(func() { lives[i].End(job.Cancelled, nil) })
		}
		require.NoError(t, g.Wait(context.Background()))
		for i := range lives {
			require.True(t, lives[i].Ended())
		}
		all.Wait()
	}
}
