package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Whoever makes up names of tenants makes no series.
func TestTenantsAreFolded(t *testing.T) {
	var all []Tenant
	for i := range 1000 {
		all = append(all, Tenant{fmt.Sprint(i), job.Audit{Submitted: 1, Done: 1}, time.Duration(i)})
	}
	all = append(all, Tenant{"other", job.Audit{Submitted: 5, Done: 5}, time.Hour})
	kept := fold(all, 3)
	require.Len(t, kept, 4)
	require.Equal(t, []string{"999", "998", "997", "other"}, []string{kept[0].Name, kept[1].Name, kept[2].Name, kept[3].Name})
	require.EqualValues(t, 1000-3+5, kept[3].Audit.Done, "a tenant of that name is in it as well")
	require.Equal(t, time.Hour+time.Duration(996*997/2), kept[3].DeviceTime)

	require.Len(t, fold(all[:2], 3), 2, "without others there is no other")
	require.Empty(t, fold(nil, 3))
}
