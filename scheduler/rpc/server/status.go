package server

import (
	"context"
	"encoding/json"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// schedulerService tells what the scheduler does.
type schedulerService struct{ *Server }

// Status implements the call.
func (s schedulerService) Status(
	context.Context, *connect.Request[pb.StatusRequest],
) (*connect.Response[pb.StatusResponse], error) {
	return connect.NewResponse(s.Server.Status()), nil
}

// Status returns what the call of this name answers.
func (s *Server) Status() *pb.StatusResponse {
	info := s.cfg.Scheduler.Info()
	m := &pb.StatusResponse{
		Server: s.id, UptimeNs: int64(time.Since(s.started)), Draining: s.Draining(),
		Device:   &pb.Device{Backend: info.Backend, Name: info.Name, Threads: int64(info.Threads), MemoryBytes: info.Memory},
		Jobs:     auditMessage(s.cfg.Scheduler.Audit()),
		Operands: s.store.count(), KeptResultBytes: s.kept.load(), SharedBytes: s.shared.bytes(),
		Thresholds: thresholdsOf(s.cfg.Scheduler.Prefs()),
	}
	for _, t := range s.cfg.Scheduler.Tenants() {
		m.Tenants = append(m.Tenants, &pb.Tenant{Name: t.Name, Jobs: auditMessage(t.Audit), DeviceNs: int64(t.DeviceTime)})
	}
	m.Sessions, m.Streams = s.sessions.count()
	return m
}

func auditMessage(a job.Audit) *pb.Audit {
	return &pb.Audit{
		Submitted: a.Submitted, Done: a.Done, Failed: a.Failed, Cancelled: a.Cancelled,
		Expired: a.Expired, Rejected: a.Rejected, InFlight: a.InFlight, Bytes: a.Bytes,
	}
}

// Decisions implements the call.
func (s schedulerService) Decisions(
	ctx context.Context, _ *connect.Request[pb.DecisionsRequest], out *connect.ServerStream[pb.DecisionsResponse],
) error {
	if s.cfg.Feed == nil {
		return s.fail(wire.Invalid("decisions", "a server that records them", "this one"))
	}
	l := s.cfg.Feed.Listen(decisionsKept)
	defer l.Close()
	if err := out.Send(&pb.DecisionsResponse{}); err != nil { // it listens from here on
		return err
	}
	for {
		select {
		case <-l.News():
		case <-s.closed:
			return s.fail(job.ErrDraining)
		case <-ctx.Done():
			return s.ended(ctx)
		}
		list, dropped := l.Take()
		m := &pb.DecisionsResponse{Dropped: dropped}
		for i := range list {
			m.Decisions = append(m.Decisions, decisionMessage(&list[i]))
		}
		if err := out.Send(m); err != nil {
			return err
		}
	}
}

// decisionsKept are those that wait for a caller of Decisions.
const decisionsKept = 1024

func decisionMessage(d *metrics.Decision) *pb.Decision {
	all, _ := json.Marshal(d) // numbers and strings only: never fails
	return &pb.Decision{
		Seq: d.Seq, TimeUnixNs: d.Time.UnixNano(), Id: d.ID, Op: d.Op, Device: d.Device,
		Jobs: int64(d.Jobs), Columns: int64(d.Columns), Backend: d.Plan.Backend, Variant: d.Plan.Variant,
		Reason: d.Reason(), Outcome: d.Outcome,
		QueueNs: int64(d.Queue), DeviceNs: int64(d.DeviceTime), TotalNs: int64(d.Total), Json: all,
	}
}
