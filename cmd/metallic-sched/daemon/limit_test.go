package daemon

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConnectionsFitTheOpenFiles(t *testing.T) {
	require.Equal(t, 1000, within(1000, 20_000))
	require.Equal(t, 1024-reservedFiles, within(16384, 1024))
	require.Equal(t, 16, within(16384, 64))
	require.LessOrEqual(t, connectionLimit(1<<30), 1<<30)
}

func TestWatchdogInterval(t *testing.T) {
	with := func(vars map[string]string) time.Duration {
		return watchdogInterval(func(name string) string { return vars[name] })
	}
	me := strconv.Itoa(os.Getpid())
	require.Equal(t, 15*time.Second, with(map[string]string{"WATCHDOG_USEC": "30000000"}))
	require.Equal(t, 15*time.Second, with(map[string]string{"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": me}))
	for _, off := range []map[string]string{
		{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": me + "1"},
	} {
		require.Equal(t, 24*time.Hour, with(off))
	}
}
