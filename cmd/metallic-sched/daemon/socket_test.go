package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

func TestWhichSocketsAreDead(t *testing.T) {
	a := address(t, "unix:/s")
	for _, c := range []struct {
		err  error
		dead bool
		safe bool // to listen there
	}{
		{syscall.ECONNREFUSED, true, true},
		{syscall.ENOENT, false, true},
		{syscall.EAGAIN, false, false},
		{syscall.EACCES, false, false},
		{syscall.ETIMEDOUT, false, false},
		{context.DeadlineExceeded, false, false},
		{errors.New("odd"), false, false},
	} {
		dead, err := a.judge(&net.OpError{Op: "dial", Err: fmt.Errorf("connect: %w", c.err)})
		require.Equal(t, c.dead, dead, c.err)
		if c.safe {
			require.NoError(t, err, c.err)
			continue
		}
		var taken *TakenError
		require.ErrorAs(t, err, &taken)
		require.ErrorIs(t, err, c.err)
		require.ErrorContains(t, err, "unix:/s: another process may listen there")
	}
}

// A daemon that accepts nobody just now keeps its socket.
func TestABusySocketIsKept(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: a full queue looks like a dead socket elsewhere; run it on Linux")
	}
	path := filepath.Join(t.TempDir(), "s")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	require.NoError(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	require.NoError(t, unix.Listen(fd, 0))
	for {
		c, err := net.Dial("unix", path)
		if err != nil {
			require.ErrorIs(t, err, syscall.EAGAIN)
			break
		}
		defer c.Close()
	}
	_, err = address(t, "unix:"+path).Listen(t.Context())
	require.ErrorIs(t, err, syscall.EAGAIN)
	require.FileExists(t, path)
}

// Where only the socket of shared memory lives, nothing is removed.
func TestALiveSocketBesideADeadOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	dead.SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	before, err := os.Lstat(path)
	require.NoError(t, err)
	live, err := net.Listen("unix", path+server.SharedSuffix)
	require.NoError(t, err)
	defer live.Close()

	d := newDaemon(Config{})
	err = d.openDoor(t.Context(), address(t, "unix:"+path), nil, false)
	var taken *TakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, path+server.SharedSuffix, taken.Address.where)
	after, err := os.Lstat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after))
}
