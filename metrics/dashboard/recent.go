package dashboard

import (
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// recentDecisions is how many decisions can be looked at in whole.
const recentDecisions = 200

// Line is a decision in one line of the page.
type Line struct {
	Seq     uint64        `json:"seq"`
	Time    time.Time     `json:"time"`
	What    string        `json:"what"`
	Plan    string        `json:"plan"`
	Jobs    int           `json:"jobs"`
	Queue   time.Duration `json:"queue_ns"`
	Device  time.Duration `json:"device_ns"`
	Why     string        `json:"why"`
	Outcome string        `json:"outcome"`
	// Whole is all of it: on a busy device a decision is no longer among the
	// recent ones when somebody has found the line that they want to look at.
	Whole *metrics.Decision `json:"whole"`
}

// recent holds the latest decisions.
type recent struct {
	ring [recentDecisions]metrics.Decision
	next int // where the next one goes
	n    int // how many there are
}

func (r *recent) add(d *metrics.Decision) {
	r.ring[r.next].CopyFrom(d)
	r.next = (r.next + 1) % recentDecisions
	r.n = min(r.n+1, recentDecisions)
}

// back returns the i-th decision, the latest being 0.
func (r *recent) back(i int) *metrics.Decision {
	return &r.ring[(r.next-1-i+recentDecisions)%recentDecisions]
}

const shownLines = 25

func (r *recent) lines() []Line {
	lines := make([]Line, 0, shownLines)
	for i := range min(r.n, shownLines) {
		d, whole := r.back(i), &metrics.Decision{}
		whole.CopyFrom(d)
		lines = append(lines, Line{
			Seq: d.Seq, Time: d.Time, What: d.Op + " " + d.Shape.String() + " " + d.DTypes.String(),
			Plan: d.Plan.Backend + "/" + d.Plan.Variant, Jobs: d.Jobs, Queue: d.Queue, Device: d.DeviceTime,
			Why: d.CloseReason, Outcome: d.Outcome, Whole: whole,
		})
	}
	return lines
}

// find returns a copy of a decision by its sequence number.
func (r *recent) find(seq uint64) (d metrics.Decision, ok bool) {
	for i := range r.n {
		if r.back(i).Seq == seq {
			d.CopyFrom(r.back(i))
			return d, true
		}
	}
	return d, false
}
