package rpc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// sharedCall returns a call whose result the server writes, of a client that has no
// server.
func sharedCall(t *testing.T) *call {
	t.Helper()
	c := &Client{ledger: job.NewLedger(job.Limits{})}
	account := c.ledger.Account("")
	require.NoError(t, account.Admit(1, 0))
	x := &call{client: c, writesShared: true}
	x.Init(account.Lease(0), nil)
	return x
}

// Who sends finds a call ended that is about to fail: it is not held then, to be marked
// and never released.
func TestFailBesideTake(t *testing.T) {
	x := sharedCall(t)
	failed := make(chan struct{})
	x.client.mu.Lock() // as who sends has it
	go func() {
		x.fail(job.ErrClosed)
		close(failed)
	}()
	ended := assert.Eventually(t, x.Ended, 10*time.Second, time.Millisecond)
	taken := x.take()
	x.client.mu.Unlock()
	<-failed
	require.True(t, ended)
	require.False(t, taken)
	_, err := x.Result()
	require.Equal(t, job.ErrClosed, err)
	require.Zero(t, x.client.ledger.InFlight())
}

// One that is held already ends with what that means.
func TestFailAfterTake(t *testing.T) {
	x := sharedCall(t)
	require.True(t, x.take())
	x.fail(job.ErrClosed)
	require.True(t, x.Ended())
	_, err := x.Result()
	var held *job.HeldError
	require.ErrorAs(t, err, &held)
	require.ErrorIs(t, err, job.ErrClosed)
}
