package device

import (
	"math"
	"time"
)

// Alarm calls a function after a while. It belongs to one goroutine at a time.
type Alarm interface {
	// Set has it called then, and not when it was set to before.
	Set(in time.Duration)
	// Stop is the end of the alarm. The function may be called once more.
	Stop()
}

// Alarmer is a Device that has alarms of its own, as those of the runtime are late
// by more than its batches take. It returns nil where it cannot.
type Alarmer interface{ NewAlarm(ring func()) Alarm }

// NewAlarm returns an alarm for who gives a device its work. The function is
// called from any goroutine.
func NewAlarm(d Device, ring func()) Alarm {
	if own, ok := d.(Alarmer); ok {
		if a := own.NewAlarm(ring); a != nil {
			return a
		}
	}
	t := time.AfterFunc(math.MaxInt64, ring)
	t.Stop()
	return timer{t}
}

// timer is an alarm of the runtime's.
type timer struct{ *time.Timer }

func (t timer) Set(in time.Duration) { t.Reset(in) }
func (t timer) Stop()                { t.Timer.Stop() }
