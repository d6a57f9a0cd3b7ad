package top

import (
	"cmp"
	"slices"
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// Rates are what happened between two statuses.
type Rates struct {
	Jobs    float64 // done in a second
	Busy    float64 // of the device's time, 1 for all of it
	Tenants []TenantRate
}

// TenantRate is a tenant's part, and how its jobs are.
type TenantRate struct {
	Name     string
	Jobs     float64
	Busy     float64
	InFlight int64
	Done     int64
	Bad      int64 // failed, expired or rejected
}

// Between returns the rates between two statuses, the tenants that ever used the
// device most first. Between statuses of two runs of a server all rates are 0.
func Between(before, after *pb.StatusResponse) Rates {
	elapsed := time.Duration(after.GetUptimeNs() - before.GetUptimeNs())
	same := before.GetServer() == after.GetServer() && elapsed > 0
	per := func(n int64) float64 {
		if !same || n < 0 {
			return 0
		}
		return float64(n) / elapsed.Seconds()
	}
	old := map[string]*pb.Tenant{}
	for _, t := range before.GetTenants() {
		old[t.GetName()] = t
	}
	used := map[string]int64{}
	r := Rates{Jobs: per(after.GetJobs().GetDone() - before.GetJobs().GetDone())}
	for _, t := range after.GetTenants() {
		was, j := old[t.GetName()], t.GetJobs()
		rate := TenantRate{
			Name: t.GetName(), InFlight: j.GetInFlight(), Done: j.GetDone(),
			Bad:  j.GetFailed() + j.GetExpired() + j.GetRejected(),
			Jobs: per(j.GetDone() - was.GetJobs().GetDone()),
			Busy: per(t.GetDeviceNs()-was.GetDeviceNs()) / float64(time.Second),
		}
		r.Busy += rate.Busy
		used[rate.Name] = t.GetDeviceNs()
		r.Tenants = append(r.Tenants, rate)
	}
	slices.SortStableFunc(r.Tenants, func(a, b TenantRate) int {
		return cmp.Or(cmp.Compare(used[b.Name], used[a.Name]), cmp.Compare(b.Done, a.Done), cmp.Compare(a.Name, b.Name))
	})
	return r
}
