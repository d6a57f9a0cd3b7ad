package daemon

import (
	"slices"
	"strings"

	"github.com/metallic-sched/metallic-sched/metrics"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// expected are the reasons for which jobs are refused as a rule. They have series of
// their own from the start, so that the first refusal is an increase.
var expected = []pb.Reason{
	pb.Reason_REASON_INVALID, pb.Reason_REASON_TOO_LARGE, pb.Reason_REASON_DRAINING,
	pb.Reason_REASON_FORBIDDEN, pb.Reason_REASON_RELEASED, pb.Reason_REASON_QUEUE_FULL,
}

// refusedBy returns what a count of refused jobs is exposed as; all other reasons are
// together in other.
func refusedBy(count func(pb.Reason) int64) (list []metrics.Value) {
	for _, why := range expected {
		list = append(list, metrics.Value{
			Label: strings.ToLower(strings.TrimPrefix(why.String(), "REASON_")), Value: float64(count(why)),
		})
	}
	other := int64(0) // each is read once: what is counted meanwhile must not be subtracted
	for why := range pb.Reason_name {
		if !slices.Contains(expected, pb.Reason(why)) {
			other += count(pb.Reason(why))
		}
	}
	return append(list, metrics.Value{Label: "other", Value: float64(other)})
}
