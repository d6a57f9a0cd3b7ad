package loadtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAlarm: it never wakes too early, can be used again, and what is closed or
// missing says that it did not wait.
func TestAlarm(t *testing.T) {
	a := NewAlarm()
	require.NotNil(t, a)
	for _, d := range []time.Duration{300 * time.Microsecond, 0, time.Millisecond} {
		start := time.Now()
		require.True(t, a.wait(d))
		require.GreaterOrEqual(t, time.Since(start), d)
	}
	a.Close()
	require.False(t, a.wait(time.Microsecond))
	require.False(t, (*Alarm)(nil).wait(time.Microsecond))
	(*Alarm)(nil).Close()
}
