//go:build linux && (amd64 || arm64)

package cuda

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metallic-sched/metallic-sched/device"
)

// An alarm rings when it was set to last, not before, and every time that it is
// set again; when it has stopped nothing is left of it.
func TestAlarm(t *testing.T) {
	known := goleak.IgnoreCurrent()
	rung := make(chan time.Time)
	a := device.NewAlarm(new(Device), func() { rung <- time.Now() })
	require.IsType(t, &alarm{}, a)
	for _, in := range []time.Duration{0, time.Nanosecond, 100 * time.Microsecond, 5 * time.Millisecond} {
		a.Set(time.Hour)
		start := time.Now()
		a.Set(in)
		require.GreaterOrEqual(t, (<-rung).Sub(start), in)
	}
	a.Set(time.Hour)
	a.Stop()
	a.Set(time.Nanosecond)
	goleak.VerifyNone(t, known)
}

// Where epoll takes no more there are no alarms, and device.NewAlarm has Go's: it
// takes no ordinary file.
func TestAlarmWithoutEpoll(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	require.NoError(t, err)
	require.Nil(t, newAlarm(file, func() {}))
	require.ErrorIs(t, file.Close(), os.ErrClosed)
}

func TestAlarmDoesNotAllocate(t *testing.T) {
	a := new(Device).NewAlarm(func() {})
	defer a.Stop()
	require.Zero(t, testing.AllocsPerRun(100, func() { a.Set(time.Hour) }))
}
