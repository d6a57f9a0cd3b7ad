package job_test

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// model is Life as one would write it for one goroutine: the dumb side of
// "clever against dumb".
type model struct {
	phase   string // queued, held, marked, sealed (in a settlement) or ended
	fate    job.Outcome
	outcome job.Outcome
}

// Every outcome has an error of its own in these tests.
var outcomeErrors = map[job.Outcome]error{
	job.Done: nil, job.Failed: errors.New("failed"), job.Cancelled: errors.New("cancelled"), job.Expired: errors.New("expired"),
}

func (m *model) hold() bool {
	if m.phase != "queued" {
		return false
	}
	m.phase = "held"
	return true
}

func (m *model) end(o job.Outcome) bool {
	switch m.phase {
	case "queued":
		m.phase, m.outcome = "ended", o
		return true
	case "held":
		m.phase, m.fate = "marked", o
	}
	return false
}

func (m *model) release(o job.Outcome) {
	switch m.phase {
	case "held":
		m.phase, m.outcome = "ended", o
	case "marked":
		m.phase, m.outcome = "ended", m.fate
		if o == job.Failed {
			m.outcome = o
		}
	}
}

func (m *model) settle(o job.Outcome) {
	if m.phase == "held" || m.phase == "marked" {
		m.phase, m.outcome = "sealed", o
	}
}

func (m *model) flush() {
	if m.phase == "sealed" {
		m.phase = "ended"
	}
}

// differs says how a life does not look as the model says it must.
func (m *model) differs(l *job.Life) error {
	o, err := l.Result()
	ended := m.phase == "ended"
	switch {
	case l.Ended() != ended:
		return fmt.Errorf("Ended is %v; model %+v", l.Ended(), *m)
	case l.Pending() != (m.phase == "queued" || m.phase == "held"):
		return fmt.Errorf("Pending is %v; model %+v", l.Pending(), *m)
	case !ended && (o != 0 || err != nil):
		return fmt.Errorf("Result is %v, %v before the end; model %+v", o, err, *m)
	case ended && (o != m.outcome || err != outcomeErrors[o]):
		return fmt.Errorf("Result is %v, %v; model %+v", o, err, *m)
	}
	return nil
}
