package top

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// status is of a run of a server, up for some seconds, with a tenant each for
// two numbers: jobs done and seconds of the device.
func status(run string, up float64, tenants ...[2]float64) *pb.StatusResponse {
	m := &pb.StatusResponse{Server: run, UptimeNs: int64(up * 1e9), Jobs: &pb.Audit{}}
	for i, t := range tenants {
		m.Jobs.Done += int64(t[0])
		m.Tenants = append(m.Tenants, &pb.Tenant{
			Name: string(rune('a' + i)), DeviceNs: int64(t[1] * 1e9),
			Jobs: &pb.Audit{Done: int64(t[0]), Failed: 1, Expired: 2, Rejected: 3, InFlight: 4},
		})
	}
	return m
}

func TestBetween(t *testing.T) {
	r := Between(status("x", 10, [2]float64{100, 1}, [2]float64{50, 2}), status("x", 12, [2]float64{110, 1.1}, [2]float64{80, 3}, [2]float64{4, 0}))
	require.Equal(t, 22.0, r.Jobs)
	require.InDelta(t, 0.55, r.Busy, 1e-9)
	require.Equal(t, []TenantRate{
		{Name: "b", Jobs: 15, Busy: 0.5, InFlight: 4, Done: 80, Bad: 6},
		{Name: "a", Jobs: 5, Busy: r.Tenants[1].Busy, InFlight: 4, Done: 110, Bad: 6},
		{Name: "c", Jobs: 2, InFlight: 4, Done: 4, Bad: 6},
	}, r.Tenants)
	require.InDelta(t, 0.05, r.Tenants[1].Busy, 1e-9)
}

// A server that was started again, or the same status twice: no rates, not
// infinite or negative ones.
func TestBetweenOtherRuns(t *testing.T) {
	old := status("x", 10, [2]float64{100, 1})
	for _, next := range []*pb.StatusResponse{
		old, status("y", 20, [2]float64{200, 2}), status("y", 1, [2]float64{1, 0}), status("x", 11, [2]float64{1, 0}),
	} {
		r := Between(old, next)
		require.Zero(t, r.Jobs)
		require.Zero(t, r.Busy)
		require.Zero(t, r.Tenants[0].Jobs)
	}
	require.Empty(t, Between(nil, nil).Tenants)
}

func decision(backend, variant string, jobs int64, device time.Duration) *pb.Decision {
	return &pb.Decision{
		TimeUnixNs: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.Local).UnixNano(),
		Op:         "matmul", Backend: backend, Variant: variant, Reason: "because of " + variant, Jobs: jobs, Outcome: "done",
		DeviceNs: int64(device), QueueNs: int64(123456), Json: []byte(`{"normalised":{"batch":1,"m":64,"n":16,"k":32}}`),
	}
}

func TestTally(t *testing.T) {
	var y Tally
	require.Equal(t, Batches{}, y.Cut(time.Second))
	y.Add(&pb.DecisionsResponse{Dropped: 7, Decisions: []*pb.Decision{
		decision("smalln", "N4", 3, 100*time.Millisecond), decision("mlx", "-", 10, time.Second), decision("smalln", "N4", 4, 100*time.Millisecond),
	}})
	b := y.Cut(2 * time.Second)
	require.Equal(t, 1.5, b.Rate)
	require.InDelta(t, 17.0/3, b.Mean, 1e-9)
	require.Equal(t, []Kernel{
		{Op: "matmul", Backend: "mlx", Variant: "-", Rate: 0.5, Jobs: 5, Mean: 10, Busy: 0.5, Reason: "because of -"},
		{Op: "matmul", Backend: "smalln", Variant: "N4", Rate: 1, Jobs: 3.5, Mean: 3.5, Busy: 0.1, Reason: "because of N4"},
	}, b.Kernels)
	require.Len(t, b.Recent, 3)
	require.EqualValues(t, 7, b.Missed)

	// What was is still listed, at no rate.
	y.Fail("gone")
	b = y.Cut(time.Second)
	require.Zero(t, b.Rate)
	require.Zero(t, b.Mean)
	require.Equal(t, Kernel{Op: "matmul", Backend: "mlx", Variant: "-", Reason: "because of -"}, b.Kernels[0])
	require.Equal(t, "gone", b.Problem)

	for range 3 * recentKept {
		y.Add(&pb.DecisionsResponse{Decisions: []*pb.Decision{decision("mlx", "-", 1, 0)}})
	}
	require.Len(t, y.Cut(time.Second).Recent, recentKept)
}
