package daemon

import (
	"cmp"
	"slices"

	"github.com/metallic-sched/metallic-sched/metrics/dashboard"
)

// shownTenants is how many tenants the page shows.
const shownTenants = 50

// busiest returns the tenants that have most in flight, then those that used
// most of the device.
func busiest(all []dashboard.Tenant, most int) []dashboard.Tenant {
	slices.SortFunc(all, func(a, b dashboard.Tenant) int {
		return cmp.Or(cmp.Compare(b.InFlight, a.InFlight), cmp.Compare(b.DeviceTime, a.DeviceTime), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(len(all), most)]
}
