package daemon

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func address(t *testing.T, text string) (a Address) {
	require.NoError(t, a.UnmarshalText([]byte(text)))
	return a
}

func TestAddress(t *testing.T) {
	for text, local := range map[string]bool{
		"127.0.0.1:7433": true, "[::1]:1": true, "localhost:0": true, "unix:/run/x.sock": true, "127.9.9.9:1": true,
		":7433": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "host.example:1": false, "localhost.example:1": false,
	} {
		a := address(t, text)
		require.Equal(t, local, a.Local(), text)
		require.Equal(t, text, a.String())
	}
	require.Equal(t, "unix:/run/x", address(t, "unix:///run/x").String())
	require.Equal(t, "unix:here", address(t, "unix:here").String())
	for _, text := range []string{"", "7433", "localhost", "unix:", "unix://", "unix:@abc", "unix://@abc"} {
		require.ErrorContains(t, new(Address).UnmarshalText([]byte(text)), "allowed: host:port or unix:PATH")
	}
	require.ErrorContains(t, new(Address).UnmarshalText([]byte("unix:@abc")), `"unix:@abc" is in the abstract name space`)
	require.Equal(t, "unix:./@abc", address(t, "unix:./@abc").String())
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	a := address(t, "unix:"+path)
	l, err := a.Listen(t.Context())
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o660), info.Mode().Perm())
	_, err = a.Listen(t.Context())
	require.ErrorContains(t, err, "another process listens there")

	l.(*net.UnixListener).SetUnlinkOnClose(false) // as if it had been killed
	require.NoError(t, l.Close())
	l, err = a.Listen(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Close())

	require.NoError(t, os.WriteFile(path, []byte("letters"), 0o600))
	_, err = a.Listen(t.Context())
	require.ErrorContains(t, err, "no socket")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "letters", string(text))
}
