package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Nobody gets more than half of the shared memory: a tenant in all its sessions, or a
// session of nobody's.
func TestSharesOfMemory(t *testing.T) {
	s := newSharing(100)
	alice := sharerOf(&session{owner: "alice", name: "1"})
	require.Equal(t, alice, sharerOf(&session{owner: "alice", name: "2"}))
	first, second := sharerOf(&session{name: "1"}), sharerOf(&session{name: "2"})
	require.NotEqual(t, first, second)

	require.NoError(t, s.take(alice, 30))
	var full *job.QueueFullError
	require.ErrorAs(t, s.take(alice, 21), &full)
	require.Equal(t, job.QueueFullError{Limit: "bytes of shared memory of the tenant", Tenant: "alice", InUse: 30, Max: 50, Excess: 1}, *full)
	require.NoError(t, s.take(alice, 20))
	require.ErrorAs(t, s.take(first, 51), &full)
	require.NoError(t, s.take(first, 40))
	require.ErrorAs(t, s.take(first, 11), &full)
	require.ErrorAs(t, s.take(second, 11), &full)
	require.Equal(t, job.QueueFullError{Limit: "bytes of shared memory", InUse: 90, Max: 100, Excess: 1}, *full)
	require.NoError(t, s.take(second, 10))
	require.EqualValues(t, 100, s.bytes())

	s.free(alice, 50)
	require.ErrorAs(t, s.take(first, 11), &full)
	require.Equal(t, "bytes of shared memory of the session", full.Limit)
	s.free(first, 40)
	s.free(second, 10)
	require.Zero(t, s.bytes())
	require.Empty(t, s.by)
}
