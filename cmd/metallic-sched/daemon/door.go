package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// door is a listener and the server behind it.
type door struct {
	address  Address
	listener net.Listener
	server   *http.Server
	tls      *tls.Config // nil: none
}

const (
	headerTime = 10 * time.Second // for a request's headers, and for a TLS handshake
	idleTime   = 2 * time.Minute  // of a connection without requests
	// Streams of one connection at once, and calls.
	maxStreams = 256
	maxHeaders = 64 << 10
)

// openDoors listens everywhere, or nowhere.
func (d *daemon) openDoors(ctx context.Context) error {
	for _, a := range d.cfg.Listen {
		if err := d.openDoor(ctx, a, d.front(a), false); err != nil {
			return err
		}
	}
	if d.cfg.Admin == (Address{}) {
		return nil
	}
	return d.openDoor(ctx, d.cfg.Admin, d.back(d.cfg.Admin), true)
}

// openDoor listens at an address, which may be the same for admins and for others
// where its port is yet to be chosen.
func (d *daemon) openDoor(ctx context.Context, a Address, h http.Handler, admins bool) error {
	l, err := listen(ctx, a)
	if err != nil {
		return fmt.Errorf("daemon: listen on %v: %w", a, err)
	}
	reserve := int64(0)
	if admins {
		reserve = adminReserve
	}
	x := &door{address: a, listener: d.conns.listener(l, describe(a, l), reserve)}
	if !a.unix() && !admins && d.certs != nil {
		x.tls = d.certs.config()
	}
	x.server = &http.Server{
		Handler: h, TLSConfig: x.tls, Protocols: server.Protocols(), HTTP2: http2(),
		ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug), // broken connections are no news
	}
	d.doors = append(d.doors, x)
	if a.unix() {
		if err := d.share(ctx, a); err != nil {
			return err
		}
	}
	d.log.Info("listening", "address", describe(a, l), "tls", x.tls != nil, "anybody", d.cfg.open(a) || admins)
	return nil
}

// listen removes no socket of a daemon of which half is alive.
func listen(ctx context.Context, a Address) (net.Listener, error) {
	if a.unix() {
		if _, err := beside(a).dead(ctx); err != nil {
			return nil, err
		}
	}
	return a.Listen(ctx)
}

// beside is where shared memory is handed out.
func beside(a Address) Address { return Address{a.network, a.where + server.SharedSuffix} }

// share hands out shared memory beside a unix socket.
func (d *daemon) share(ctx context.Context, a Address) error {
	a = beside(a)
	l, err := a.Listen(ctx)
	if err != nil {
		return fmt.Errorf("daemon: listen on %v: %w", a, err)
	}
	d.shared = append(d.shared, l)
	d.served.Go(func() {
		if err := d.api.ServeShared(l.(*net.UnixListener)); err != nil {
			d.log.Error("no more shared memory is handed out", "address", a.String(), "error", err)
		}
	})
	return nil
}

// describe returns the address with the port that was chosen.
func describe(a Address, l net.Listener) string {
	if a.unix() {
		return a.String()
	}
	return l.Addr().String()
}

// http2 lets the dead be told from the living, and keeps one connection from
// taking everything.
func http2() *http.HTTP2Config {
	c := server.HTTP2()
	c.MaxConcurrentStreams = maxStreams
	c.WriteByteTimeout = headerTime // for a peer to take anything of what it is sent
	return c
}

// serve answers until the door is closed.
func (x *door) serve() error {
	err := error(nil)
	if x.tls != nil {
		err = x.server.ServeTLS(x.listener, "", "")
	} else {
		err = x.server.Serve(x.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("daemon: %v: %w", x.address, err)
}

// close ends all connections.
func (x *door) close() error {
	err := x.server.Close()
	if closed := x.listener.Close(); !errors.Is(closed, net.ErrClosed) { // it was never served
		err = errors.Join(err, closed)
	}
	return err
}
