package daemon

import (
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/metrics/dashboard"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// statuses asks the API for its status. All who ask within half a second get one
// answer. Its methods may be called from any goroutine.
type statuses struct {
	ask func() *pb.StatusResponse

	mu   sync.Mutex
	at   time.Time
	last *pb.StatusResponse
}

func newStatuses(ask func() *pb.StatusResponse) *statuses { return &statuses{ask: ask} }

// now returns the API's status. It must not be changed.
func (s *statuses) now() *pb.StatusResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.last == nil || now.Sub(s.at) > time.Second/2 {
		s.at, s.last = now, s.ask()
	}
	return s.last
}

// page is what the page shows.
func (d *daemon) page() dashboard.Status {
	s := d.status.now()
	page := dashboard.Status{
		Version: d.cfg.Version, Device: s.GetDevice().GetBackend(), Name: s.GetDevice().GetName(),
		Started: time.Now().Add(-time.Duration(s.GetUptimeNs())), Draining: d.drains(),
		Operands: int(s.GetOperands().GetLoaded()), Memory: s.GetOperands().GetLoadedBytes(),
	}
	for _, t := range s.GetTenants() {
		page.Queue = append(page.Queue, dashboard.Tenant{
			Name: t.GetName(), InFlight: t.GetJobs().GetInFlight(), Bytes: t.GetJobs().GetBytes(),
			Done: t.GetJobs().GetDone(), Failed: t.GetJobs().GetFailed(), DeviceTime: time.Duration(t.GetDeviceNs()),
		})
	}
	page.Queue = busiest(page.Queue, shownTenants)
	return page
}

// expose publishes what the daemon counts.
func (d *daemon) expose() {
	c := d.counters
	c.Process()
	c.Build(d.cfg.Version)
	show := func(name, help string, f func(s *pb.StatusResponse) int64) {
		c.Func(name, help, func() float64 { return float64(f(d.status.now())) })
	}
	show("sessions", "Sessions of clients that are not forgotten.", func(s *pb.StatusResponse) int64 { return s.GetSessions() })
	show("streams", "Streams of jobs that are open.", func(s *pb.StatusResponse) int64 { return s.GetStreams() })
	show("kept_result_bytes", "Results kept for those who may ask again.", func(s *pb.StatusResponse) int64 { return s.GetKeptResultBytes() })
	show("shared_bytes", "Memory shared with clients.", func(s *pb.StatusResponse) int64 { return s.GetSharedBytes() })
	show("operands_loaded", "Operands on the device.", func(s *pb.StatusResponse) int64 { return s.GetOperands().GetLoaded() })
	show("operands_named", "Operands with a name, loaded or not.", func(s *pb.StatusResponse) int64 { return s.GetOperands().GetNamed() })
	show("operand_bytes", "Memory of the operands on the device.", func(s *pb.StatusResponse) int64 { return s.GetOperands().GetLoadedBytes() })
	show("upload_bytes", "Memory of uploads that are not complete.", func(s *pb.StatusResponse) int64 { return s.GetOperands().GetPartialBytes() })
	d.exposeDoors(c)
}

func (d *daemon) exposeDoors(c *metrics.Counters) {
	c.Func("connections_open", "Connections that are open.", func() float64 { return float64(d.conns.open.Load()) })
	c.Func("connections_total", "Connections that were accepted.", func() float64 { return float64(d.conns.accepted.Load()) })
	c.Func("connections_refused_total", "Connections that were closed at once, for there were too many.",
		func() float64 { return float64(d.conns.refused.Load()) })
	c.Func("connections_max", "Connections that may be open, not counting 32 more at -admin.", func() float64 { return float64(d.conns.most) })
	c.Func("request_bytes_held", "Room taken by messages over 64 KiB that are being read and decoded.",
		func() float64 { return float64(d.api.Reading()) })
	c.Func("draining", "1 while the daemon takes no new jobs.", func() float64 {
		if d.drains() {
			return 1
		}
		return 0
	})
	const refused = "Requests that were refused, by why."
	d.refused.stranger = c.Counter(`requests_refused_total{why="unauthenticated"}`, refused)
	d.refused.misdirected = c.Counter(`requests_refused_total{why="misdirected"}`, refused)
	c.List("jobs_refused_total", "Jobs that were refused before the scheduler saw them, by why.", "why", func() []metrics.Value {
		return refusedBy(d.api.Refused)
	})
	const reloads = "Times that files were read again, by how it went."
	d.reloads.done = c.Counter(`reloads_total{outcome="done"}`, reloads)
	d.reloads.failed = c.Counter(`reloads_total{outcome="failed"}`, reloads)
	if d.certs != nil {
		c.Func("tls_certificate_expiry_timestamp_seconds", "End of the validity of the certificate, in seconds since 1970.",
			func() float64 { return float64(d.certs.expires().Unix()) })
	}
}
