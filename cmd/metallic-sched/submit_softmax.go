package main

import (
	"context"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// submitSoftmax runs one softmax.
type submitSoftmax struct {
	X           string `name:"x" short:"x" required:"" placeholder:"FILE" help:"X: a file. Rows are those of its last dimension."`
	Causal      bool   `help:"Row i of a matrix attends to columns 0 to i+offset only."`
	QueryOffset int    `aliases:"offset" help:"Position of row 0 among the columns, with --causal."`
	submitFlags

	x *array.Array
}

// Help explains the files.
func (submitSoftmax) Help() string { return submitHelp }

// Run implements the command.
func (c *submitSoftmax) Run(ctx context.Context, s streams) (err error) {
	if c.x, err = readArray("X", c.X); err != nil {
		return err
	}
	return c.run(ctx, s, c)
}

// prepare implements errand.
func (c *submitSoftmax) prepare(ctx context.Context, w *worker, o job.Options) (job.Job, *array.Array, error) {
	j := &job.Softmax{Causal: c.Causal, QueryOffset: c.QueryOffset, Options: o}
	x, err := w.array(ctx, c.x.DType, c.x.Shape)
	if err != nil {
		return nil, nil, err
	}
	x.Fortran = c.x.Fortran
	copy(x.Data, c.x.Data)
	if j.X, err = x.Rows(c.X); err != nil {
		return nil, nil, err
	}
	result, err := w.array(ctx, c.x.DType, c.x.Shape)
	if err != nil {
		return nil, nil, err
	}
	j.Y, err = result.Rows("the result")
	return j, result, err
}
