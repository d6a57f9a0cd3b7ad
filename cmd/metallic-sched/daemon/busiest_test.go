package daemon

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics/dashboard"
)

func TestBusiest(t *testing.T) {
	all := []dashboard.Tenant{{Name: "d"}, {Name: "c", DeviceTime: 9}, {Name: "b", DeviceTime: 5, InFlight: 1}, {Name: "a"}}
	var names []string
	for _, x := range busiest(all, 3) {
		names = append(names, x.Name)
	}
	require.Equal(t, []string{"b", "c", "a"}, names)
	require.Len(t, busiest(all[:1], 3), 1)
}
