package rpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Named returns an operand that the server has under a name, such as a tensor of
// its files, which outlives restarts of the server. The error wraps job.ErrReleased
// if there is none, job.ErrDisconnected, or job.ErrInvalid for a nil ctx.
func (c *Client) Named(ctx context.Context, name string) (*Operand, error) {
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	r, err := c.Operands.List(ctx, connect.NewRequest(&pb.ListRequest{Prefix: name}))
	if err != nil {
		return nil, wire.Failed(err, time.Now())
	}
	for _, m := range r.Msg.GetOperands() {
		if !slices.Contains(m.GetNames(), name) {
			continue
		}
		dt, err := wire.TypeOf(m.GetContent().GetDtype())
		if err != nil {
			return nil, err
		}
		dims, err := wire.Dims("operand", m.GetContent().GetDims())
		if err != nil {
			return nil, err
		}
		x := &contents{client: c, name: name}
		x.refs.Store(1)
		return c.newOperand(x, dt, dims), nil
	}
	return nil, fmt.Errorf("%w: no operand has the name %q", job.ErrReleased, name)
}

// newOperand returns an operand with contents that are held once.
func (c *Client) newOperand(x *contents, dt tensor.DType, dims tensor.Dims) *Operand {
	o := &Operand{client: c, id: tensor.Resident{ID: c.lastOperand.Add(1)}}
	o.id.Owner = o
	o.current.Store(x)
	bytes := dims[0] * dims[1] * dims[2] * dt.Size()
	o.view = o.id.Of(tensor.Window(nil, bytes, dt, dims, tensor.Compact(dims), 0))
	return o
}
