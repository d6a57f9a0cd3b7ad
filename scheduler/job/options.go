package job

import (
	"fmt"
	"time"
)

// Options are what a caller may say of a job besides the work itself. The
// zero value is right for most.
type Options struct {
	// Tenant names who the job is for. Admission limits and fairness go by
	// tenant; device time is charged to it, so that in each priority tenants
	// with work waiting share the device by their weights. Empty is a tenant
	// like any other.
	Tenant string
	// Priority orders waiting jobs. Low work is never starved: waiting raises
	// it. Default Normal.
	Priority Priority
	// Deadline is when the answer stops being worth anything: the job then
	// ends with ErrExpired and C is not written. Zero: none. A context's
	// deadline counts too; the earlier one holds.
	Deadline time.Time
	// Wait makes Submit wait on its context for room when an admission limit
	// is met. Default: ErrQueueFull at once.
	Wait bool
}

// Priority orders waiting jobs.
type Priority int8

// The priorities.
const (
	Low    Priority = -1
	Normal Priority = 0
	High   Priority = 1
)

// Classes is the number of priorities; Class counts them from 0.
const Classes = 3

// Class returns 0 for Low, 1 for Normal, 2 for High.
func (p Priority) Class() int { return int(p) + 1 }

func (p Priority) String() string {
	switch p {
	case Low:
		return "low"
	case Normal:
		return "normal"
	case High:
		return "high"
	}
	return fmt.Sprintf("priority(%d)", int8(p))
}

func (o *Options) check() error {
	if o.Priority < Low || o.Priority > High {
		return invalid("Priority", "Low, Normal, High", "%v", o.Priority)
	}
	return nil
}
