package server

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/shm"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// SharedSuffix is what the path of the socket that hands out shared memory has
// more than that of the server's own.
const SharedSuffix = ".shm"

// ServeShared hands out shared memory to sessions that have a stream open, until
// the listener is closed. Clients look for it beside the server's own socket.
func (s *Server) ServeShared(l *net.UnixListener) error {
	turns := make(chan struct{}, sharedAtOnce)
	for {
		c, err := l.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		turns <- struct{}{}
		go func() {
			defer func() { <-turns }()
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(sharedTime))
			s.handOut(c)
		}()
	}
}

const (
	sharedAtOnce = 16
	sharedTime   = 5 * time.Second
)

// handOut answers one request.
func (s *Server) handOut(c *net.UnixConn) {
	r, err := s.share(c)
	if err != nil {
		_ = shm.Refuse(c, err)
		return
	}
	defer r.leave(false) // the session may end meanwhile
	defer r.memory.CloseFile()
	if err := shm.Grant(c, r.memory, r.id); err != nil {
		s.cfg.Logger.Warn("shared memory was not handed over", "error", err)
	}
}

// share makes a region that is in use until it was handed over.
func (s *Server) share(c *net.UnixConn) (*region, error) {
	q, err := shm.ReadRequest(c)
	if err != nil {
		return nil, err
	}
	x := s.sessions.find(q.Session)
	most := shareOf(s.cfg.Limits.SharedBytes)
	switch {
	case x == nil:
		return nil, wire.Invalid("session", "one with an open stream", "another")
	case q.Bytes <= 0 || q.Bytes > most:
		return nil, wire.Invalid("bytes", fmt.Sprintf("1 to %d", most), "%d", q.Bytes)
	}
	who := sharerOf(x)
	if err := s.shared.take(who, q.Bytes); err != nil {
		return nil, err
	}
	m, err := shm.Make(int(q.Bytes))
	if err != nil {
		s.shared.free(who, q.Bytes)
		return nil, err
	}
	r := &region{server: s, sharer: who, id: s.regions.Add(1), memory: m, jobs: 1}
	x.mu.Lock()
	closed := x.closed
	if !closed {
		x.regions[r.id] = r
	}
	x.mu.Unlock()
	if closed {
		r.close()
		r.leave(false)
		return nil, job.ErrCancelled
	}
	return r, nil
}
