package rpc

import "github.com/metallic-sched/metallic-sched/scheduler/job"

// whose says whose the limits are, in what is refused for them.
const whose = "the client's limit"

// fits refuses calls that the limits never let in together: to wait, or to try
// again, would be in vain.
func (c *Client) fits(list []*call) error {
	of := func(i int) (*job.Account, int64) { return list[i].account, list[i].bytes }
	return c.cfg.Limits.FitAll(len(list), of, whose)
}
