package server

import (
	"fmt"
	"sync"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/shm"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// region is memory that is shared with one session.
type region struct {
	server *Server
	sharer sharer
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
	r.server.shared.free(r.sharer, int64(n))
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
