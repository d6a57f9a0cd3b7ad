package daemon

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

func TestRefusedBy(t *testing.T) {
	counts := map[pb.Reason]int64{
		pb.Reason_REASON_INVALID: 3, pb.Reason_REASON_QUEUE_FULL: 2,
		pb.Reason_REASON_OUT_OF_MEMORY: 5, pb.Reason_REASON_UNSPECIFIED: 1,
	}
	require.Equal(t, []metrics.Value{
		{Label: "invalid", Value: 3},
		{Label: "too_large"},
		{Label: "draining"},
		{Label: "forbidden"},
		{Label: "released"},
		{Label: "queue_full", Value: 2},
		{Label: "other", Value: 6},
	}, refusedBy(func(r pb.Reason) int64 { return counts[r] }))
}

// A job that is refused while they are read makes no count smaller.
func TestRefusedMeanwhile(t *testing.T) {
	reads := int64(0)
	for _, v := range refusedBy(func(r pb.Reason) int64 {
		if r != pb.Reason_REASON_INVALID {
			return 0
		}
		reads++
		return reads
	}) {
		require.GreaterOrEqual(t, v.Value, 0.0, v.Label)
	}
}
