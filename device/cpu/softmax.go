package cpu

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// softmaxRate is the elements that one thread normalises in a nanosecond,
// roughly.
var softmaxRate = [...]float64{cpu.Portable: 0.2, cpu.AVX2: 0.2, cpu.AVX512: 4}[cpu.Best()]

// softmax computes a softmax dispatch in blocks of a few rows.
type softmax struct {
	line        *pipeline
	p           cpu.Rows
	total, step int // rows in all and in a block
	elements    float64
}

func (p *plan) addSoftmax(line *pipeline, d *device.Softmax) {
	first := len(p.rows)
	for _, r := range d.Rows {
		p.rows = append(p.rows, cpu.RowRun(r))
	}
	x, y := d.X.View, d.Y.View
	p.softmaxes = append(p.softmaxes, softmax{
		line: line, total: x.Matrices() * x.Rows(), elements: float64(x.Len()),
		p: cpu.Rows{M: x.Rows(), X: mat(x), Y: mat(y), Runs: p.rows[first:len(p.rows):len(p.rows)]},
	})
	p.time += atRate(float64(x.Len()), softmaxRate)
}

func (p *softmax) kernel() string { return p.line.key.Kernel }

func (p *softmax) split(threads int) int {
	if p.elements == 0 {
		return 0
	}
	p.step = p.total
	if threads > 1 {
		rowTime := atRate(p.elements/float64(p.total), softmaxRate) + 1
		least, most := int(blockTime/4/rowTime)+1, int(blockTime/rowTime)+1
		p.step = max(least, min(most, p.total/(8*threads)))
	}
	return ceil(p.total, p.step)
}

func (p *softmax) compute(s *cpu.Scratch, block int) {
	from := block * p.step
	p.line.softmax.Compute(s, &p.p, from, min(from+p.step, p.total))
}
