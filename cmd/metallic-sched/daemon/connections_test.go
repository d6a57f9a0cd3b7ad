package daemon

import (
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneConnectionTooMany(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var told atomic.Int64
	all := &connections{most: 2, full: func() { told.Add(1) }}
	l := all.listener(inner)
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
