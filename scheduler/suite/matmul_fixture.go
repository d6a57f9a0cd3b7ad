package suite

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// product is a Matmul with its operands. The references of what Check looks at
// are computed first, so that what is loaded need not stay on the host.
type product struct {
	work    Matmul
	jobs    []job.Job
	results []tensor.View // C of each job
	before  []tensor.View // what it held at first; only with Beta
	loaded  []job.Operand
	samples []sample
}

// sample is an element of a job's result.
type sample struct {
	job   int
	at    place
	value reference.Value
}

// Make implements Work.
func (m Matmul) Make(d job.Doer, seed uint64) (Fixture, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	p := &product{work: m}
	if err := p.fill(d, reference.NewNumbers(seed)); err != nil {
		p.Release()
		return nil, err
	}
	return p, nil
}

func (m Matmul) check() error {
	switch {
	case m.Loaded != "a" && m.Loaded != "b" && m.Loaded != "none":
		return fmt.Errorf("suite: Matmul.Loaded is %q; allowed: a, b, none", m.Loaded)
	case m.Jobs < 0 || m.Jobs > 1 && m.N%m.Jobs != 0:
		return fmt.Errorf("suite: Matmul.Jobs is %d; allowed: 0, or what divides the %d columns", m.Jobs, m.N)
	}
	return nil
}

// fill makes the operands and the jobs.
func (p *product) fill(d job.Doer, numbers *reference.Numbers) error {
	m := p.work
	a := numbers.View(m.DType, stored(m.TransA, m.Batch, m.M, m.K))
	use, err := p.load(d, a, "a")
	if err != nil {
		return err
	}
	n := max(1, m.Jobs)
	for i := range n {
		b := numbers.View(m.DType, stored(m.TransB, m.Batch, m.K, m.N/n))
		j := m.job(numbers, use, b)
		p.sample(i, a, b, j)
		if j.B, err = p.load(d, b, "b"); err != nil {
			return err
		}
		p.jobs, p.results = append(p.jobs, j), append(p.results, j.C)
	}
	return nil
}

// stored returns the dimensions of an operand in memory.
func stored(transposed bool, batch, rows, cols int) tensor.Dims {
	if transposed {
		rows, cols = cols, rows
	}
	return tensor.Dims{batch, rows, cols}
}

// load returns what jobs use for a side: the loaded operand, or v itself.
func (p *product) load(d job.Doer, v tensor.View, side string) (tensor.View, error) {
	if p.work.Loaded != side {
		return v, nil
	}
	o, err := d.LoadOperand(v)
	if err != nil {
		return v, err
	}
	p.loaded = append(p.loaded, o)
	return o.View(), nil
}

// job makes one of the jobs.
func (m Matmul) job(numbers *reference.Numbers, a, b tensor.View) *job.Matmul {
	cols := b.Cols()
	if m.TransB {
		cols = b.Rows()
	}
	j := &job.Matmul{
		A: a, B: b, TransA: m.TransA, TransB: m.TransB, Scale: job.AlphaBeta(m.Alpha, m.Beta),
		C: reference.Zeros(m.DType, tensor.Dims{m.Batch, m.M, cols}),
	}
	if m.Bias {
		j.Bias = numbers.View(m.DType, tensor.Dims{1, 1, cols})
	}
	if m.Beta != 0 {
		tensor.Copy(j.C, numbers.View(m.DType, j.C.Dims()))
	}
	return j
}

// sample chooses elements of a job's result and computes what they should be.
func (p *product) sample(number int, a, b tensor.View, j *job.Matmul) {
	if j.TransA {
		a = a.T()
	}
	if j.TransB {
		b = b.T()
	}
	r := reference.Product{A: a, B: b, Alpha: p.work.Alpha, Beta: p.work.Beta}
	if p.work.Beta != 0 {
		before := reference.Zeros(j.C.DType(), j.C.Dims())
		tensor.Copy(before, j.C)
		p.before = append(p.before, before)
	}
	for _, at := range places(j.C.Dims(), maxTerms/max(1, p.work.K*max(1, p.work.Jobs))) {
		var bias float32
		if p.work.Bias {
			bias = j.Bias.Value(0, 0, at.j)
		}
		v := r.At(at.b, at.i, at.j, j.C.Value(at.b, at.i, at.j), bias)
		p.samples = append(p.samples, sample{number, at, v})
	}
}

// maxTerms bounds what references cost: it is some 10 ms.
const maxTerms = 1 << 19

// Jobs implements Fixture.
func (p *product) Jobs() []job.Job { return p.jobs }

// Reset implements Fixture.
func (p *product) Reset() {
	for i := range p.before {
		tensor.Copy(p.results[i], p.before[i])
	}
	if len(p.before) == 0 {
		for _, s := range p.samples {
			p.results[s.job].SetValue(s.at.b, s.at.i, s.at.j, float32(math.NaN()))
		}
	}
}

// Check implements Fixture.
func (p *product) Check() (values int, err error) {
	for _, s := range p.samples {
		c := p.results[s.job]
		if err := s.value.Check(c.Value(s.at.b, s.at.i, s.at.j), p.work.DType); err != nil {
			return 0, fmt.Errorf("element (%d, %d, %d) of job %d is %w", s.at.b, s.at.i, s.at.j, s.job, err)
		}
	}
	return len(p.samples), nil
}

// Release implements Fixture.
func (p *product) Release() {
	for _, o := range p.loaded {
		o.Release()
	}
}
