package daemon

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	require.NoError(t, notify("READY=1"))
	path := filepath.Join(t.TempDir(), "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	require.NoError(t, notify("READY=1", "STATUS=serving"))
	text := make([]byte, 100)
	n, err := l.Read(text)
	require.NoError(t, err)
	require.Equal(t, "READY=1\nSTATUS=serving", string(text[:n]))
}
