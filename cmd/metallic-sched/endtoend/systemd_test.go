package endtoend

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What systemd is told, and when: ready, alive, reloading, stopping.
func TestSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.SetReadDeadline(time.Now().Add(patience)))
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "100000")
	hear := func(want string) string {
		text := make([]byte, 1000)
		for {
			n, err := l.Read(text)
			require.NoError(t, err, "waiting for %s", want)
			if got := string(text[:n]); strings.HasPrefix(got, want) {
				return got
			}
		}
	}
	p := serve(t)
	require.Equal(t, "READY=1\nSTATUS=serving on cpu", hear("READY=1"))
	hear("WATCHDOG=1")
	hear("WATCHDOG=1")
	p.signal(syscall.SIGHUP)
	require.Regexp(t, `^RELOADING=1\nMONOTONIC_USEC=[1-9]\d*$`, hear("RELOADING=1"))
	hear("READY=1")
	p.signal(syscall.SIGTERM)
	hear("STOPPING=1")
	require.Zero(t, p.exit(), p.log())
}
