//go:build linux

package shm_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/shm"
)

func pair(t *testing.T) (a, b *net.UnixConn) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	require.NoError(t, err)
	defer l.Close()
	a, err = net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
	require.NoError(t, err)
	b, err = l.AcceptUnix()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return a, b
}

func TestMemoryIsShared(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, shm.WriteRequest(a, shm.Request{Session: "me", Bytes: 5000}))
	q, err := shm.ReadRequest(b)
	require.NoError(t, err)
	require.Equal(t, shm.Request{Session: "me", Bytes: 5000}, q)
	mine, err := shm.Make(int(q.Bytes))
	require.NoError(t, err)
	require.NoError(t, shm.Grant(b, mine, 7))
	yours, id, err := shm.ReadAnswer(a)
	require.NoError(t, err)
	require.Equal(t, uint64(7), id)
	require.Len(t, yours.Bytes, 5000)
	yours.Bytes[4999] = 42
	require.Equal(t, byte(42), mine.Bytes[4999])

	// Nobody can take it away from who reads it.
	require.Error(t, mine.File().Truncate(0))
	mine.CloseFile()
	require.NoError(t, yours.Close())
	require.NoError(t, mine.Abandon())
	require.Zero(t, mine.Bytes[4999]) // still there to read, and nobody's
	require.NoError(t, mine.Close())
}

func TestRefusal(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, shm.Refuse(b, errors.New("not today")))
	_, _, err := shm.ReadAnswer(a)
	require.EqualError(t, err, "not today")
	require.NoError(t, b.Close())
	_, _, err = shm.ReadAnswer(a)
	require.Error(t, err)
}

// Memory that could be made smaller is not mapped.
func TestOpenWantsASeal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	require.NoError(t, err)
	require.NoError(t, f.Truncate(100))
	_, err = shm.Open(f)
	require.Error(t, err)
}

func TestBadRequests(t *testing.T) {
	for _, b := range [][]byte{nil, {1}, {2, 0}, {1, 9, 'x'}, {1, 0, 0}} {
		_, err := shm.ReadRequest(bytes.NewReader(b))
		require.ErrorContains(t, err, "shm:")
	}
	require.Error(t, shm.WriteRequest(&bytes.Buffer{}, shm.Request{Session: string(make([]byte, 300))}))
}
