package daemon

import (
	"net"
	"sync"
	"sync/atomic"
)

// connections counts those of all listeners and bounds them.
type connections struct {
	most              int64
	open              atomic.Int64
	accepted, refused atomic.Int64
	full              func() // told of each that is refused
}

// listener returns l with its connections counted. One too many is closed at
// once, so that its peer knows.
func (c *connections) listener(l net.Listener) net.Listener { return &countedListener{l, c} }

type countedListener struct {
	net.Listener
	all *connections
}

// Accept implements net.Listener.
func (l *countedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.all.open.Add(1) <= l.all.most {
			l.all.accepted.Add(1)
			return &countedConn{Conn: conn, all: l.all}, nil
		}
		l.all.open.Add(-1)
		l.all.refused.Add(1)
		l.all.full()
		_ = conn.Close()
	}
}

type countedConn struct {
	net.Conn
	all  *connections
	once sync.Once
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.once.Do(func() { c.all.open.Add(-1) })
	return c.Conn.Close()
}
