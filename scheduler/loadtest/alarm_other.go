//go:build !linux

package loadtest

import "time"

// Alarm waits for short times. On this system the runtime's own timers do.
type Alarm struct{}

// NewAlarm returns nil: there is no better timer than the runtime's.
func NewAlarm() *Alarm { return nil }

func (*Alarm) wait(time.Duration) bool { return false }

// Close does nothing.
func (*Alarm) Close() {}
