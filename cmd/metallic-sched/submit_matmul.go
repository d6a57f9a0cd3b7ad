package main

import (
	"context"
	"fmt"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// submitMatmul runs one matrix product.
type submitMatmul struct {
	A      string  `name:"a" short:"a" required:"" placeholder:"FILE" help:"A: a file, or name:OPERAND of the server."`
	B      string  `name:"b" short:"b" required:"" placeholder:"FILE" help:"B: a file, or name:OPERAND of the server."`
	C      string  `name:"c" short:"c" placeholder:"FILE" help:"What beta multiplies."`
	Bias   string  `placeholder:"FILE" help:"One value for each column of C, added to every row."`
	TransA bool    `help:"Take A transposed."`
	TransB bool    `help:"Take B transposed."`
	Alpha  float32 `default:"1" help:"Factor of the product (default: ${default})."`
	Beta   float32 `default:"0" help:"Factor of C, with --c (default: ${default})."`
	Dtype  string  `placeholder:"TYPE" help:"Type of the result: that of B (default), or f32."`
	submitFlags

	a, b    *operand
	c, bias *array.Array
	dtype   tensor.DType // 0: not said
}

// Help explains the files.
func (submitMatmul) Help() string { return submitHelp }

// Run implements the command.
func (c *submitMatmul) Run(ctx context.Context, s streams) error {
	if (c.C != "") != (c.Beta != 0) {
		return wrongUsage("--c and --beta: one without the other")
	}
	if err := c.read(); err != nil {
		return err
	}
	return c.run(ctx, s, c)
}

// read takes the operands out of their files.
func (c *submitMatmul) read() (err error) {
	if c.dtype, err = resultType(c.Dtype); err != nil {
		return err
	}
	if c.a, err = readOperand("A", c.A, c.Addr != "", (*array.Array).View); err != nil {
		return err
	}
	if c.b, err = readOperand("B", c.B, c.Addr != "", (*array.Array).View); err != nil {
		return err
	}
	if c.C != "" {
		if c.c, err = readArray("C", c.C); err != nil {
			return err
		}
	}
	if c.Bias != "" {
		c.bias, err = readArray("Bias", c.Bias)
	}
	return err
}

// prepare implements errand.
func (c *submitMatmul) prepare(ctx context.Context, w *worker, o job.Options) (job.Job, *array.Array, error) {
	j := &job.Matmul{TransA: c.TransA, TransB: c.TransB, Scale: job.AlphaBeta(c.Alpha, c.Beta), Options: o}
	if err := w.resolve(ctx, c.a, c.b); err != nil {
		return nil, nil, err
	}
	j.A, j.B = c.a.view, c.b.view
	if c.bias != nil {
		v, err := c.bias.View(c.Bias)
		if err != nil {
			return nil, nil, err
		}
		j.Bias = v
	}
	result, err := c.result(ctx, w, j)
	if err != nil {
		return nil, nil, err
	}
	j.C, err = result.View("the result")
	if err == nil && c.c != nil {
		err = c.fill(&j.C)
	}
	return j, result, err
}

// result makes the array that C will be.
func (c *submitMatmul) result(ctx context.Context, w *worker, j *job.Matmul) (*array.Array, error) {
	dt := c.dtype
	if dt == 0 && c.c != nil {
		dt = c.c.DType
	} else if dt == 0 {
		dt = j.B.DType()
	}
	d := wire.ProductDims(j)
	shape := d[:]
	if c.a.rank() < 3 && c.b.rank() < 3 {
		shape = shape[1:]
	}
	if c.b.rank() == 1 && !c.TransB { // a matrix times a vector is a vector
		shape = shape[:len(shape)-1]
	}
	return w.array(ctx, dt, shape)
}

// fill copies what beta multiplies to the result's memory.
func (c *submitMatmul) fill(to *tensor.View) error {
	from, err := c.c.View(c.C)
	if err != nil {
		return err
	}
	if from.DType() != to.DType() || from.Dims() != to.Dims() {
		return &job.InvalidError{
			Field: "C", Got: fmt.Sprintf("%s of %v", c.c.Sizes(), from.DType()),
			Allowed: fmt.Sprintf("%dx%d of %v, as the product (batch %d)", to.Rows(), to.Cols(), to.DType(), to.Matrices()),
		}
	}
	if to.Len() > 0 {
		tensor.Copy(*to, from)
	}
	return nil
}
