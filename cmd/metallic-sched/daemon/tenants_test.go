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
	var full *job.QueueFullError
	require.ErrorAs(t, err, &full)
	require.Equal(t, "tenants", full.Limit)
	_, err = names.of(anybody, "2")
	require.NoError(t, err)
	_, err = names.of(anybody, strings.Repeat("x", maxTenantBytes+1))
	require.ErrorIs(t, err, job.ErrInvalid)
}
