package rpc

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
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

// A call that a server may still write the result of says so; one that was never sent, or
// was refused since, does not.
func TestFailTellsOfHeldMemory(t *testing.T) {
	never := sharedCall(t)
	require.True(t, never.take())
	never.fail(job.ErrClosed)
	_, err := never.Result()
	require.Equal(t, job.ErrClosed, err)

	c, list := queuing(t, 1<<20, 4, 4)
	c.cfg.RetryFor = time.Minute
	for _, x := range list {
		x.writesShared = true
	}
	sent, refused := list[0], list[1]
	require.True(t, c.next(&batch{}, time.Now()))
	c.take([]*pb.Result{{Id: refused.id, Error: &pb.Error{Reason: pb.Reason_REASON_DRAINING}}}, time.Now())
	refused.timer.Stop()
	sent.fail(job.ErrDisconnected)
	_, err = sent.Result()
	var held *job.HeldError
	require.ErrorAs(t, err, &held)
	require.ErrorIs(t, err, job.ErrDisconnected)
	refused.fail(job.ErrDisconnected)
	_, err = refused.Result()
	require.Equal(t, job.ErrDisconnected, err)
}
