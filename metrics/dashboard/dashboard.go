// Package dashboard is the daemon's live page: what the device does now, how
// fast jobs come and go, how large batches grow, and why each was decided as it
// was. It sees Decisions and a Status; it has no influence on either.
package dashboard

import (
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// Status is what the page shows besides decisions.
type Status struct {
	Version  string    `json:"version"`
	Device   string    `json:"device"` // kind, such as cpu
	Name     string    `json:"name"`   // as the hardware calls itself
	Started  time.Time `json:"started"`
	Draining bool      `json:"draining"`
	Operands int       `json:"operands"`
	Memory   int64     `json:"memory"` // bytes of operands
	Queue    []Tenant  `json:"queue"`
}

// Tenant is what one tenant has waiting and has had.
type Tenant struct {
	Name       string        `json:"name"`
	InFlight   int64         `json:"in_flight"`
	Bytes      int64         `json:"bytes"` // of the jobs in flight
	Done       int64         `json:"done"`
	Failed     int64         `json:"failed"`
	DeviceTime time.Duration `json:"device_ns"`
}

// Dashboard records decisions for the page. It is a metrics.Recorder; its
// methods may be called from any goroutine.
type Dashboard struct {
	status func() Status

	mu       sync.Mutex
	now      func() time.Time
	history  history
	variants variants
	sizes    sizes
	recent   recent
}

// New returns a Dashboard. status is called from any goroutine, about once a
// second for each viewer.
func New(status func() Status) *Dashboard {
	return &Dashboard{status: status, now: time.Now, history: newHistory(), variants: variants{}}
}

// Record takes note of a decision. It holds a lock for about a microsecond.
func (d *Dashboard) Record(r *metrics.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.history.add(d.now(), r)
	if r.Check != "" {
		return // a job that was run again is no batch of its own
	}
	d.variants.add(r)
	d.sizes.add(r.Jobs)
	d.recent.add(r)
}

// Snapshot is the page's content at a time.
type Snapshot struct {
	Time     time.Time `json:"time"`
	Status   Status    `json:"status"`
	Now      Rates     `json:"now"`
	Variants []Variant `json:"variants"`
	Recent   []Line    `json:"recent"` // the latest first
}

// Snapshot returns what the page shows now.
func (d *Dashboard) Snapshot() Snapshot {
	status := d.status()
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	return Snapshot{
		Time: now, Status: status, Now: d.history.rates(now),
		Variants: d.variants.list(), Recent: d.recent.lines(),
	}
}
