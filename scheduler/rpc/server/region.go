package server

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/shm"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// region is memory that is shared with one session.
type region struct {
	server *Server
	id     uint64
	memory *shm.Memory

	mu      sync.Mutex
	jobs    int  // that use it
	used    bool // perhaps still, by a device, on behalf of a job that was cancelled
	closing bool
}

// part returns what a message names of it.
func (r *region) part(m *pb.SharedMemory) ([]byte, error) {
	all, from, n := int64(len(r.memory.Bytes)), m.GetOffset(), m.GetLength()
	if from < 0 || n < 0 || from > all || n > all-from || from%4 != 0 {
		return nil, wire.Invalid("shared", fmt.Sprintf("a part of %d bytes from a multiple of 4 on", all), "%d bytes from %d on", n, from)
	}
	return r.memory.Bytes[from : from+n : from+n], nil
}

// enter begins a job's use of the region; false if it is closing.
func (r *region) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.jobs++
	}
	return !r.closing
}

// leave ends it.
func (r *region) leave(used bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs--
	r.used = r.used || used
	r.free()
}

// close frees the memory after the last job.
func (r *region) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closing {
		r.closing = true
		r.free()
	}
}

func (r *region) free() {
	if !r.closing || r.jobs > 0 || r.memory == nil {
		return
	}
	n, end := len(r.memory.Bytes), r.memory.Close
	if r.used {
		end = r.memory.Abandon
	}
	if err := end(); err != nil {
		r.server.cfg.Logger.Error("shared memory cannot be freed", "bytes", n, "error", err)
	}
	r.memory = nil
	r.server.shared.Add(-int64(n))
}

// region returns a region for one job.
func (x *session) region(id uint64) (*region, error) {
	x.mu.RLock()
	r := x.regions[id]
	x.mu.RUnlock()
	if r == nil || !r.enter() {
		return nil, fmt.Errorf("%w: the session has no shared memory %d", job.ErrReleased, id)
	}
	return r, nil
}

func (x *session) releaseRegion(id uint64) error {
	x.mu.Lock()
	r := x.regions[id]
	delete(x.regions, id)
	x.mu.Unlock()
	if r == nil {
		return fmt.Errorf("%w: the session has no shared memory %d", job.ErrReleased, id)
	}
	r.close()
	return nil
}

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
	most := s.cfg.Limits.SharedBytes
	switch {
	case x == nil:
		return nil, wire.Invalid("session", "one with an open stream", "another")
	case q.Bytes <= 0 || q.Bytes > most:
		return nil, wire.Invalid("bytes", fmt.Sprintf("1 to %d", most), "%d", q.Bytes)
	}
	if inUse := s.shared.Add(q.Bytes); inUse > most {
		s.shared.Add(-q.Bytes)
		return nil, &job.QueueFullError{Limit: "bytes of shared memory", InUse: inUse - q.Bytes, Max: most, Excess: inUse - most}
	}
	m, err := shm.Make(int(q.Bytes))
	if err != nil {
		s.shared.Add(-q.Bytes)
		return nil, err
	}
	r := &region{server: s, id: s.regions.Add(1), memory: m, jobs: 1}
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
