package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// scoresAt returns a step's rows of the scores as one matrix a head, all heads
// of a group one after another.
func scoresAt(memory device.Region, w *policy.Wave, x *policy.Step, row int) device.Region {
	rows := x.R1 - x.R0
	d := tensor.Dims{(x.H1 - x.H0) * x.Group, rows, x.Keys}
	if d[2] == 0 {
		row = 0
	}
	memory.View = memory.View.Strided(d, tensor.Dims{rows * w.Pitch, w.Pitch, 1}, memory.View.Offset()+row*w.Pitch)
	return memory
}

// products returns how many products a link of a step takes: one for each head
// of a group or, where their rows lie at one distance, one for all. Small-N
// kernels are chosen for the job's own rows, so that no others stand beside them.
func (b *Batch) products(x *policy.Step, v *tensor.View) int {
	rows, s, plan := v.Rows(), v.Strides(), b.parts[x.Job].task.Plan
	switch {
	case plan.Problem.Shape.M == 1:
		return 1
	case plan.Chain.Scores.Problem.Mirrored, rows > 1 && s[0] != rows*s[1]:
		return x.Group
	}
	return 1
}

// sharedHeads returns the keys or values of a step.
func (b *Batch) sharedHeads(x *policy.Step, r device.Region) device.Region {
	u0 := b.parts[x.Job].u0
	r.View = r.View.Sub(x.H0-u0, x.H1-u0).Slice(0, x.Keys, 0, r.View.Cols())
	return r
}

// queryHeads returns a step's rows of queries or results, a matrix for each head.
func (b *Batch) queryHeads(x *policy.Step, r device.Region) device.Region {
	u0 := b.parts[x.Job].u0
	r.View = r.View.Sub((x.H0-u0)*x.Group, (x.H1-u0)*x.Group).Slice(x.R0, x.R1, 0, r.View.Cols())
	return r
}

// groupHeads returns the j-th of each group of heads or, for one product in all,
// each group as one matrix, the rows of its heads one below the other.
func groupHeads(x *policy.Step, r device.Region, j, products int) device.Region {
	d, s, at := r.View.Dims(), r.View.Strides(), r.View.Offset()
	each := tensor.Dims{x.Group * s[0], s[1], s[2]}
	d[0] /= x.Group
	switch {
	case products > 1 && r.View.Len() > 0:
		at += j * s[0]
	case products == 1 && d[1] == 1:
		each[1], d[1] = s[0], x.Group
	case products == 1:
		d[1] *= x.Group
	}
	r.View = r.View.Strided(d, each, at)
	return r
}
