package rpc

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/shm"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Region is memory that client and server share. Operands and results of jobs
// that lie in it do not go through the connection.
type Region struct {
	client *Client
	id     uint64
	memory *shm.Memory
	gone   atomic.Bool // the server that had it is
}

// Share returns n bytes of memory that a server on this machine shares, on Linux
// and by way of a unix socket. Use views of it as A, B or C of jobs like any
// other memory, with these differences. A job whose result lies in it cannot be
// given up here: it ends when the server has ended it, so that C is never
// written later. If that cannot be known, since the connection is lost for good,
// it ends with a *job.HeldError. When the server was restarted the memory is of
// no more use: jobs end with job.ErrRestarted.
func (c *Client) Share(ctx context.Context, n int) (*Region, error) {
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	if c.socket == "" {
		return nil, &job.InvalidError{Field: "target", Got: "another", Allowed: "unix:///path, to share memory"}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", c.socket+".shm")
	if err != nil {
		return nil, fmt.Errorf("%w: shared memory: %w", job.ErrDisconnected, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := shm.WriteRequest(conn, shm.Request{Session: c.cfg.Session, Bytes: int64(n)}); err != nil {
		return nil, fmt.Errorf("%w: shared memory: %w", job.ErrDisconnected, err)
	}
	m, id, err := shm.ReadAnswer(conn.(*net.UnixConn))
	if err != nil {
		return nil, fmt.Errorf("shared memory of %d bytes: %w", n, err)
	}
	r := &Region{client: c, id: id, memory: m}
	c.mu.Lock()
	defer c.mu.Unlock()
	all := append(slices.Clone(c.shared()), r)
	c.regions.Store(&all)
	return r, nil
}

// Bytes returns the memory. It begins at the start of a page.
func (r *Region) Bytes() []byte { return r.memory.Bytes }

// Close gives the memory back. No job may use it, nor anybody read it, any more.
func (r *Region) Close() error {
	c := r.client
	c.mu.Lock()
	all := slices.DeleteFunc(slices.Clone(c.shared()), func(other *Region) bool { return other == r })
	known := len(all) < len(c.shared())
	c.regions.Store(&all)
	c.mu.Unlock()
	if !known {
		return nil
	}
	if !r.gone.Load() && !c.closed.Load() {
		ctx, stop := context.WithTimeout(c.ctx, connectTime)
		defer stop()
		_, _ = c.Operands.Release(ctx, connect.NewRequest(&pb.ReleaseRequest{Session: c.cfg.Session, Region: r.id}))
	}
	return r.memory.Close()
}

// shared returns the client's regions, not to be changed.
func (c *Client) shared() []*Region {
	if all := c.regions.Load(); all != nil {
		return *all
	}
	return nil
}

// place writes where in shared memory a view lies; false if it does not.
func (x *call) place(t *pb.Tensor, v *tensor.View) bool {
	p := uintptr(v.Pointer())
	if p == 0 {
		return false
	}
	for _, r := range x.client.shared() {
		begin := uintptr(unsafe.Pointer(unsafe.SliceData(r.memory.Bytes)))
		if p < begin || p >= begin+uintptr(len(r.memory.Bytes)) || (p-begin)%4 != 0 {
			continue
		}
		writeShared(t, v, r.id, int64(p-begin))
		x.regions = append(x.regions, r)
		return true
	}
	return false
}

// loseRegions notes that no server has the regions any more.
func (c *Client) loseRegions() {
	for _, r := range c.shared() {
		r.gone.Store(true)
	}
}

func writeShared(t *pb.Tensor, v *tensor.View, id uint64, offset int64) {
	wire.Describe(t, v)
	t.Memory = &pb.Tensor_Shared{Shared: &pb.SharedMemory{Region: id, Offset: offset, Length: int64(wire.Span(v))}}
}
