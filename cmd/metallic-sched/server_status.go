package main

import (
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// statusVersion is the version of serverStatus in JSON. It grows when a field
// changes its meaning or goes; new fields do not change it.
const statusVersion = 1

// serverStatus is how a server is, for scripts. Where it cannot be reached there
// are only V, Ready (false), Address and Error, and zeros.
type serverStatus struct {
	V             int            `json:"v"`
	Ready         bool           `json:"ready"` // it takes jobs
	Draining      bool           `json:"draining"`
	Address       string         `json:"address"`
	Error         string         `json:"error"` // "" if it could be reached
	Server        string         `json:"server"`
	Version       string         `json:"version"` // "" if it does not say
	UptimeSeconds float64        `json:"uptime_seconds"`
	Device        statusDevice   `json:"device"`
	Jobs          statusJobs     `json:"jobs"`
	Tenants       []statusTenant `json:"tenants"`
	Operands      statusOperands `json:"operands"`
	Sessions      int64          `json:"sessions"`
	Streams       int64          `json:"streams"`
	// KeptResultBytes are results kept for those who may ask again.
	KeptResultBytes int64 `json:"kept_result_bytes"`
}

type statusDevice struct {
	Backend     string `json:"backend"`
	Name        string `json:"name"`
	Threads     int64  `json:"threads"`
	MemoryBytes int64  `json:"memory_bytes"` // 0: not known
}

type statusJobs struct {
	Submitted     int64 `json:"submitted"`
	Done          int64 `json:"done"`
	Failed        int64 `json:"failed"`
	Cancelled     int64 `json:"cancelled"`
	Expired       int64 `json:"expired"`
	Rejected      int64 `json:"rejected"`
	InFlight      int64 `json:"in_flight"`
	InFlightBytes int64 `json:"in_flight_bytes"`
}

type statusTenant struct {
	Name          string     `json:"name"`
	Jobs          statusJobs `json:"jobs"`
	DeviceSeconds float64    `json:"device_seconds"`
}

type statusOperands struct {
	Loaded       int64 `json:"loaded"`
	LoadedBytes  int64 `json:"loaded_bytes"`
	Named        int64 `json:"named"` // names of files, loaded or not
	PartialBytes int64 `json:"partial_bytes"`
}

func newServerStatus(address, version string, m *pb.StatusResponse) serverStatus {
	d, o := m.GetDevice(), m.GetOperands()
	st := serverStatus{
		V: statusVersion, Ready: !m.GetDraining(), Draining: m.GetDraining(), Address: address,
		Server: m.GetServer(), Version: version, UptimeSeconds: time.Duration(m.GetUptimeNs()).Seconds(),
		Device:   statusDevice{d.GetBackend(), d.GetName(), d.GetThreads(), d.GetMemoryBytes()},
		Jobs:     newStatusJobs(m.GetJobs()),
		Tenants:  []statusTenant{},
		Operands: statusOperands{o.GetLoaded(), o.GetLoadedBytes(), o.GetNamed(), o.GetPartialBytes()},
		Sessions: m.GetSessions(), Streams: m.GetStreams(), KeptResultBytes: m.GetKeptResultBytes(),
	}
	for _, t := range m.GetTenants() {
		st.Tenants = append(st.Tenants, statusTenant{t.GetName(), newStatusJobs(t.GetJobs()), time.Duration(t.GetDeviceNs()).Seconds()})
	}
	return st
}

func newStatusJobs(a *pb.Audit) statusJobs {
	return statusJobs{
		Submitted: a.GetSubmitted(), Done: a.GetDone(), Failed: a.GetFailed(), Cancelled: a.GetCancelled(),
		Expired: a.GetExpired(), Rejected: a.GetRejected(), InFlight: a.GetInFlight(), InFlightBytes: a.GetBytes(),
	}
}
