package daemon

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func as(ctx context.Context, id identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

func TestNamesOfTenantsAreBounded(t *testing.T) {
	anybody, names := as(t.Context(), identity{}), newTenants(3)
	for i := range 3 {
		_, err := names.of(anybody, fmt.Sprint(i))
		require.NoError(t, err)
	}
	_, err := names.of(anybody, "3")
	require.ErrorIs(t, err, job.ErrInvalid)
	_, again := job.Retryable(err)
	require.False(t, again, "it is for good")
	require.ErrorContains(t, err, `"3"`)
	require.ErrorContains(t, err, "used before")
	_, err = names.of(anybody, "2")
	require.NoError(t, err)
	_, err = names.of(anybody, strings.Repeat("x", maxTenantBytes+1))
	require.ErrorIs(t, err, job.ErrInvalid)
}

// However many names were made up, who shows who they are is let in, and so is who
// gives no name.
func TestMadeUpNamesTakeNobodysRoom(t *testing.T) {
	anybody, names := as(t.Context(), identity{}), newTenants(2)
	alice := as(t.Context(), identity{known: true, tenant: "alice"})
	for _, name := range []string{"0", "1"} {
		_, err := names.of(anybody, name)
		require.NoError(t, err)
	}
	for _, asked := range []string{"", "alice"} {
		got, err := names.of(alice, asked)
		require.NoError(t, err)
		require.Equal(t, "alice", got)
	}
	got, err := names.of(anybody, "")
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = names.of(anybody, "alice")
	require.ErrorIs(t, err, job.ErrInvalid)

	names = newTenants(2) // nor do they take that of names that are made up
	for i := range 5 {
		name := fmt.Sprint("known", i)
		_, err := names.of(as(t.Context(), identity{known: true, tenant: name}), "")
		require.NoError(t, err)
	}
	_, err = names.of(anybody, "0")
	require.NoError(t, err)
}
