package rpc

import (
	"math"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// load is what calls take up of the client's limits.
type load struct{ jobs, bytes int64 }

func (l load) add(x *call) load {
	return load{l.jobs + 1, l.bytes + min(x.bytes, math.MaxInt64-l.bytes)}
}

// fits refuses calls that the limits never let in together: to wait, or to try
// again, would be in vain.
func (c *Client) fits(list []*call) error {
	lim, all := &c.cfg.Limits, load{}
	for _, x := range list {
		all = all.add(x)
	}
	if err := all.within(lim.Jobs, lim.Bytes); err != nil || lim.TenantJobs == 0 && lim.TenantBytes == 0 {
		return err
	}
	tenants := map[*job.Account]load{}
	for _, x := range list {
		tenants[x.account] = tenants[x.account].add(x)
		if err := tenants[x.account].within(lim.TenantJobs, lim.TenantBytes); err != nil {
			return err
		}
	}
	return nil
}

// within compares a load with limits, of which 0 means none.
func (l load) within(jobs, bytes int64) error {
	switch {
	case bytes > 0 && l.bytes > bytes:
		return wire.Invalid("size", "up to "+wire.Bytes(int(bytes))+", the client's limit", "%d bytes of activations and results", l.bytes)
	case jobs > 0 && l.jobs > jobs:
		return wire.Invalid("size", "up to "+wire.Count(int(jobs))+", the client's limit", "%d jobs at once", l.jobs)
	}
	return nil
}
