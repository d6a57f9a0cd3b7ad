package rpc

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"
	"unsafe"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// upload has the server hold what a view shows.
func (c *Client) upload(v tensor.View) (*contents, error) {
	switch {
	case c.closed.Load():
		return nil, job.ErrClosed
	case v.Err() != nil:
		return nil, &job.InvalidError{Field: "operand", Cause: v.Err()}
	case v.IsZero():
		return nil, wire.Invalid("operand", "a view over memory", "missing")
	case v.Resident() != nil:
		return nil, wire.Invalid("operand", "memory of the caller", "loaded already")
	case v.Len() == 0 || v.Base() == nil:
		return nil, wire.Invalid("operand", "at least one element that the host can address", "%v", v.Dims())
	}
	var data []byte
	var sum [sha256.Size]byte
	if gone := device.Try(func() { data = dense(&v); sum = sha256.Sum256(data) }); gone != nil {
		return nil, &job.InvalidError{Field: "operand", Cause: gone}
	}
	d := v.Dims()
	x := &contents{client: c, message: &pb.Content{
		Dtype: wire.FromType(v.DType()), Dims: []int64{int64(d[0]), int64(d[1]), int64(d[2])}, Sha256: sum[:],
	}}
	x.refs.Store(1)
	id, err := c.persist(func(ctx context.Context) (uint64, error) { return c.place(ctx, x.message, data) })
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x.id = id
	c.operands[x] = struct{}{}
	return x, nil
}

// dense returns a view's elements without gaps: the memory itself if it has
// none.
func dense(v *tensor.View) []byte {
	n := v.Len() * v.DType().Size()
	if v.Strides() == tensor.Compact(v.Dims()) {
		return unsafe.Slice((*byte)(v.Pointer()), n)
	}
	return wire.Elements(v)
}

// persist tries again as long as the Config says, while the error says that it
// may help.
func (c *Client) persist(try func(context.Context) (uint64, error)) (uint64, error) {
	begun := time.Now()
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		id, err := try(c.ctx)
		if err == nil {
			return id, nil
		}
		if gone := missing(err); gone != nil {
			return 0, &job.InvalidError{Field: "operand", Cause: gone}
		}
		err = wire.Failed(err, time.Now())
		if !errors.Is(err, job.ErrDisconnected) && !moved(err) || time.Since(begun)+wait > c.cfg.RetryFor {
			return 0, err
		}
		select {
		case <-time.After(wait):
		case <-c.closing:
			return 0, job.ErrClosed
		}
	}
}

// moved reports whether somebody else went on with what was left of an upload, after
// it was found: it is to be looked for again.
func moved(err error) bool {
	var bad *job.InvalidError
	return errors.As(err, &bad) && bad.Field == "offset"
}

// place asks for content, and sends what the server lacks of it.
func (c *Client) place(ctx context.Context, m *pb.Content, data []byte) (uint64, error) {
	found, err := c.find(ctx, m)
	if err != nil {
		return 0, err
	}
	if found.GetOperand() != nil {
		return found.GetOperand().GetId(), nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // if it was not sent to its end
	s := c.Operands.Load(ctx)
	r := &pb.LoadRequest{Header: &pb.LoadHeader{Session: c.cfg.Session, Content: m, Offset: found.GetOffset()}}
	for rest := data[found.GetOffset():]; r.Header != nil || len(rest) > 0; r.Header = nil {
		n := min(len(rest), c.cfg.ChunkBytes)
		r.Data, rest = rest[:n], rest[n:]
		if err := s.Send(r); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		} else if err != nil {
			break // CloseAndReceive says why
		}
	}
	answer, err := s.CloseAndReceive()
	if err != nil {
		return 0, err
	}
	return answer.Msg.GetOperand().GetId(), nil
}

func (c *Client) find(ctx context.Context, m *pb.Content) (*pb.FindOperandResponse, error) {
	r, err := c.Operands.FindOperand(ctx, connect.NewRequest(&pb.FindOperandRequest{Session: c.cfg.Session, Content: m}))
	if err != nil {
		return nil, err
	}
	return r.Msg, nil
}
