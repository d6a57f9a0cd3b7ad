package selftest

import (
	"context"
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Numerics are comparisons with the cpu device.
type Numerics struct {
	Bounds   []string `json:"bounds,omitempty"` // what is allowed, in words
	Cases    []Case   `json:"cases,omitempty"`
	Untested []string `json:"not_tested,omitempty"` // and why
}

// Case is one run of a kernel.
type Case struct {
	Kernel  string  `json:"kernel"`
	Types   string  `json:"types"` // of A, B and C
	Shape   string  `json:"shape"` // M x K x N, or rows x columns
	Mask    string  `json:"mask,omitempty"`
	Outcome Outcome `json:"outcome"`
	Measure
	Error string `json:"error,omitempty"` // why there are no results
}

// numerics compares every kernel that the device has.
func (s Setup) numerics(ctx context.Context) (result any, err error) {
	dut, err := openRig(s.Open)
	if err != nil {
		return nil, err
	}
	if pretends(dut.info) {
		return join(&Numerics{Untested: []string{pretence}}, dut.close())
	}
	ref, err := openRig(s.Reference)
	if err != nil {
		return nil, errors.Join(err, dut.close())
	}
	c := &comparison{Setup: s, ctx: ctx, dut: dut, ref: ref}
	c.Bounds = []string{ProductBound, SoftmaxBound}
	c.explain()
	err = c.products()
	if err == nil {
		err = c.softmaxes()
	}
	return join(&c.Numerics, err, ref.close(), dut.close())
}

// comparison is numerics under way.
type comparison struct {
	Setup
	Numerics
	ctx      context.Context
	dut, ref *rig
}

// explain says which kernels are not tested.
func (c *comparison) explain() {
	for i := range kernels.Default {
		row := &kernels.Default[i]
		if ok, why := claims(row, combinations[0], 1, c.dut.info.Caps); !ok {
			c.Untested = append(c.Untested, row.Name+": "+why)
		}
	}
}

// products runs all matrix products.
func (c *comparison) products() error {
	for _, s := range sizes(c.Quick) {
		for _, t := range combinations {
			if t[2] != t[1] { // together with those whose C has B's type
				continue
			}
			c.tell("the reference: %dx%d of %v, %v", s.m, s.k, t[0], t[1])
			if err := c.ctx.Err(); err != nil {
				return err
			}
			p, err := newProduct(c.ref, s, widest(c.Quick), t[0], t[1])
			if err != nil {
				return err
			}
			if err := c.product(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// product lets every kernel compute the first columns of one.
func (c *comparison) product(p *product) error {
	on, err := c.dut.bind(p)
	if err != nil {
		return err
	}
	defer on.free()
	for _, t := range combinations {
		if t[0] != p.a.View.DType() || t[1] != p.b.View.DType() {
			continue
		}
		for i := range kernels.Default {
			row := &kernels.Default[i]
			if ok, _ := claims(row, t, 1, c.dut.info.Caps); !ok || row.Family.Op() != kernels.OpMatmul {
				continue
			}
			for _, n := range columns(row, c.Quick) {
				shape := kernels.Shape{Batch: 1, M: p.m, N: n, K: p.k}
				c.tell("%s, %v of %v", row.Name, shape, t)
				m, err := on.run(row, t[2], n)
				if err := c.note(Case{Kernel: row.Name, Types: t.String(), Shape: shape.String()}, m, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// softmaxes runs all softmaxes.
func (c *comparison) softmaxes() error {
	for _, s := range softmaxSizes(c.Quick) {
		for _, dt := range tensor.DTypes {
			c.tell("the reference: softmax %dx%d of %v %s", s.rows, s.cols, dt, s.mask)
			if err := c.ctx.Err(); err != nil {
				return err
			}
			x, err := newSoftmax(c.ref, s, dt)
			if err != nil {
				return err
			}
			if err := c.softmax(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparison) softmax(x *softmax) error {
	t := types{x.dt, x.dt, x.dt}
	for i := range kernels.Default {
		row := &kernels.Default[i]
		if ok, _ := claims(row, t, x.cols, c.dut.info.Caps); !ok || row.Family.Op() != kernels.OpSoftmax {
			continue
		}
		shape := fmt.Sprintf("%dx%d", x.rows, x.cols)
		c.tell("%s, %s of %v %s", row.Name, shape, t, x.mask)
		m, err := c.dut.softmax(x, row)
		if err := c.note(Case{Kernel: row.Name, Types: t.String(), Shape: shape, Mask: x.mask}, m, err); err != nil {
			return err
		}
	}
	return nil
}

// note adds a case. The error is of a device that is gone.
func (c *comparison) note(n Case, m Measure, err error) error {
	n.Measure, n.Outcome = m, m.verdict()
	if err != nil {
		n.Outcome, n.Error = Failed, err.Error()
	}
	c.Cases = append(c.Cases, n)
	if errors.Is(err, device.ErrLost) {
		return err
	}
	return nil
}

// outcome is that of all cases together.
func (n *Numerics) outcome() Outcome {
	if len(n.Cases) == 0 {
		return NotTested
	}
	all := make([]Outcome, len(n.Cases))
	for i := range n.Cases {
		all[i] = n.Cases[i].Outcome
	}
	return Worst(all...)
}
