package daemon

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestOneConnectionTooMany(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var told atomic.Int64
	all := &connections{most: 2, full: func(address string, peer net.Addr, allowed int64) {
		if address == "here" && peer.String() != inner.Addr().String() && allowed == 2 {
			told.Add(1)
		}
	}}
	l := all.listener(inner, "here", 0)
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	first := <-accepted
	dial()
	<-accepted
	_, err = dial().Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the third is closed")
	require.EqualValues(t, 2, all.open.Load())
	require.EqualValues(t, 1, all.refused.Load())
	require.EqualValues(t, 1, told.Load())

	require.NoError(t, first.Close())
	_ = first.Close() // counted once
	require.EqualValues(t, 1, all.open.Load())
	dial()
	<-accepted
	require.EqualValues(t, 3, all.accepted.Load())
}

// The admin gets in where all others are shut out, who do not get at the reserve.
func TestConnectionsOfTheAdmin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &connections{most: 1, full: func(string, net.Addr, int64) {}}
		front, frontDials := counted(t, all, 0)
		back, backDials := counted(t, all, 2)
		frontDials()
		frontDials()
		synctest.Wait()
		require.EqualValues(t, 1, front.Load())
		for range 3 {
			backDials()
		}
		synctest.Wait()
		require.EqualValues(t, 2, back.Load())
		frontDials()
		synctest.Wait()
		require.EqualValues(t, 1, front.Load())
		require.EqualValues(t, 3, all.open.Load())
		require.EqualValues(t, 3, all.refused.Load())
	})
}

// counted returns how many connections were accepted, and what dials another.
func counted(t *testing.T, all *connections, reserve int64) (n *atomic.Int64, dial func()) {
	p := &pipes{peers: make(chan net.Conn), ended: make(chan struct{})}
	l := all.listener(p, "pipe", reserve)
	t.Cleanup(func() { _ = l.Close() })
	n = new(atomic.Int64)
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
			n.Add(1)
		}
	}()
	return n, func() {
		_, theirs := net.Pipe()
		p.peers <- theirs
	}
}
