package server

import (
	"sync/atomic"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// refusals counts the jobs that the scheduler never saw, which its ledger therefore does
// not count, by why they were refused.
type refusals [reasons]atomic.Int64

// reasons is more than the largest number of a reason.
const reasons = 32

func (r *refusals) add(err error, jobs int) { r[wire.ReasonOf(err)].Add(int64(jobs)) }

// Refused returns how many jobs were refused for a reason before the scheduler saw them,
// of messages that could be read.
func (s *Server) Refused(why pb.Reason) int64 { return s.refused[why].Load() }
