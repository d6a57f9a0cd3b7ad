package main

import (
	"context"
	"slices"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// submitAttention runs one attention.
type submitAttention struct {
	Q           string  `name:"q" short:"q" required:"" placeholder:"FILE" help:"Q: a file, or name:OPERAND of the server; heads x rows x dim, with any dimensions before, or rows x dim of one head."`
	K           string  `name:"k" short:"k" required:"" placeholder:"FILE" help:"K: likewise; heads x keys x dim. The heads of Q may be a multiple of those of K."`
	V           string  `name:"v" short:"v" required:"" placeholder:"FILE" help:"V: likewise; heads x keys x value dim."`
	Scale       float32 `placeholder:"X" help:"Factor of the scores (default: 1/sqrt(dim))."`
	Causal      bool    `help:"Row i attends to keys 0 to i+offset only."`
	QueryOffset int     `aliases:"offset" help:"Position of row 0 among the keys, with --causal."`
	Dtype       string  `placeholder:"TYPE" help:"Type of the result: that of Q (default), or f32."`
	submitFlags

	q, k, v *operand
	dtype   tensor.DType // 0: not said
}

// Help explains the files.
func (submitAttention) Help() string { return submitHelp }

// Run implements the command.
func (c *submitAttention) Run(ctx context.Context, s streams) (err error) {
	if c.dtype, err = resultType(c.Dtype); err != nil {
		return err
	}
	for _, o := range []struct {
		field, text string
		to          **operand
	}{{"Q", c.Q, &c.q}, {"K", c.K, &c.k}, {"V", c.V, &c.v}} {
		if *o.to, err = readOperand(o.field, o.text, c.Addr != "", (*array.Array).Rows); err != nil {
			return err
		}
	}
	return c.run(ctx, s, c)
}

// prepare implements errand.
func (c *submitAttention) prepare(ctx context.Context, w *worker, o job.Options) (job.Job, *array.Array, error) {
	j := &job.Attention{Scale: c.Scale, Causal: c.Causal, QueryOffset: c.QueryOffset, Options: o}
	if err := w.resolve(ctx, c.q, c.k, c.v); err != nil {
		return nil, nil, err
	}
	j.Q, j.K, j.V = c.q.view, c.k.view, c.v.view
	dt := c.dtype
	if dt == 0 {
		dt = j.Q.DType()
	}
	result, err := w.array(ctx, dt, c.shape(wire.AttentionDims(j)))
	if err != nil {
		return nil, nil, err
	}
	j.O, err = result.Rows("the result")
	return j, result, err
}

// shape is that of Q, with the columns of V.
func (c *submitAttention) shape(d tensor.Dims) []int {
	if a := c.q.array; a != nil {
		return append(slices.Clone(a.Shape[:len(a.Shape)-1]), d[2])
	}
	if c.q.rank() < 3 {
		return d[1:]
	}
	return d[:]
}
