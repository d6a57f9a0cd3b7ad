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
	full              func(address string, peer net.Addr, allowed int64) // told of each that is refused
}

// adminReserve is how many more there may be for the admin: who fills all others
// does not shut out who can tell why.
const adminReserve = 32

// listener returns l, which listens at address, with its connections counted. One
// too many, with reserve more than others may have, is closed at once, so that its
// peer knows.
func (c *connections) listener(l net.Listener, address string, reserve int64) net.Listener {
	return &countedListener{l, c, address, c.most + reserve}
}

type countedListener struct {
	net.Listener
	all     *connections
	address string
	allowed int64
}

// Accept implements net.Listener.
func (l *countedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.all.open.Add(1) <= l.allowed {
			l.all.accepted.Add(1)
			return &countedConn{Conn: conn, all: l.all}, nil
		}
		l.all.open.Add(-1)
		l.all.refused.Add(1)
		l.all.full(l.address, conn.RemoteAddr(), l.allowed)
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
