package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// bindings is the memory that a batch's plain data is built in, kept from
// batch to batch.
type bindings struct {
	gather     []device.Copy
	dispatches []device.Dispatch
	matmuls    []device.Matmul
	softmaxes  []device.Softmax
	runs       []device.Run
	biases     []device.Region
	rows       []device.RowRun
	pipelines  []device.Pipeline
	compiled   []device.Pipeline // for this batch: the cache may drop them again
	results    []tensor.View     // of each problem, where it is staged
	byPlace    []*part           // of a problem whose vectors lie in a ring
	chains     []operands        // of each attention
	steps      []policy.Step     // of all of them
}

// clear lets go of everything the batch referred to.
func (s *bindings) clear() {
	clear(s.gather)
	clear(s.dispatches)
	clear(s.matmuls)
	clear(s.softmaxes)
	clear(s.biases)
	clear(s.pipelines)
	clear(s.compiled)
	clear(s.results)
	clear(s.byPlace)
	clear(s.chains)
	s.chains, s.steps = s.chains[:0], s.steps[:0]
	s.gather, s.dispatches, s.matmuls, s.softmaxes = s.gather[:0], s.dispatches[:0], s.matmuls[:0], s.softmaxes[:0]
	s.runs, s.biases, s.rows = s.runs[:0], s.biases[:0], s.rows[:0]
	s.pipelines, s.compiled, s.results = s.pipelines[:0], s.compiled[:0], s.results[:0]
}

// reuse makes the memory free for binding, with the pipelines resolved.
func (s *bindings) reuse() {
	p := s.pipelines
	s.pipelines = nil
	s.clear()
	s.pipelines = p
}

// grow makes room for what n parts and m problems can need, so that pointers
// into the slices stay good while they fill.
func (s *bindings) grow(parts, problems, rows int) {
	s.matmuls = room(s.matmuls, problems)
	s.softmaxes = room(s.softmaxes, problems)
	s.runs = room(s.runs, parts)
	s.biases = room(s.biases, parts)
	s.rows = room(s.rows, rows)
}

func room[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s
	}
	return make([]T, 0, max(n, 2*cap(s)))
}

// problem returns the parts that make up the problem that starts at part i.
func (b *Batch) problem(i int) []part {
	first := &b.parts[i]
	n := i + 1
	if first.sharesColumns() {
		for n < len(b.parts) && b.parts[n].bucket == first.bucket && b.parts[n].sharesColumns() {
			n++
		}
	}
	return b.parts[i:n]
}

// sharesColumns reports whether the part's columns or rows may stand beside
// those of others. What is cut to be written in place stands alone, and so does
// what is broad enough.
func (p *part) sharesColumns() bool {
	return p.task.Plan.SharesColumns() && (p.task.split == nil || !p.task.split.result.IsZero()) && !p.broad()
}

func (p *part) broad() bool {
	q := &p.task.Plan.Problem
	return q.Op == kernels.OpMatmul && policy.Broad(q.Shape.M, p.u1-p.u0)
}

// links returns how many kernels a problem takes, one after another.
func links(ps []part) int {
	if ps[0].task.Plan.Chain != nil {
		return chainLinks
	}
	return 1
}

// keyOf returns the specialisation of one of the kernels that compute a problem.
func keyOf(ps []part, link int) kernels.Key {
	if c := ps[0].task.Plan.Chain; c != nil {
		return c.Links()[link].Key
	}
	var beta, bias bool
	columns := 0
	for i := range ps {
		q := &ps[i].task.Plan.Problem
		beta, bias = beta || q.BetaNonZero, bias || q.Bias
		columns += ps[i].u1 - ps[i].u0
	}
	plan := ps[0].task.Plan
	if plan.Problem.Op == kernels.OpMatmul && plan.Problem.Shape.Batch != 1 {
		columns = plan.Problem.Shape.N
	}
	return policy.KeyForColumns(plan, columns, beta, bias)
}

// resolve finds the pipeline of every problem. It returns false when one has
// to be compiled first; compile does that, away from the actor.
func (b *Batch) resolve() (ready bool) {
	s := &b.scratch
	s.pipelines = s.pipelines[:0]
	for i := 0; i < len(b.parts); {
		ps := b.problem(i)
		for link := range links(ps) {
			b.key = keyOf(ps, link)
			p, ok := b.engine.cache.Lookup(b.key)
			if !ok && b.compiler == b.engine.cache {
				p, ok = s.find(b.key)
			}
			if !ok {
				b.compileBy(b.engine.cache)
				return false
			}
			s.pipelines = append(s.pipelines, p)
		}
		i += len(ps)
	}
	if p := b.plan(); p.Chain != nil {
		b.key = p.Key
	}
	return true
}

// find returns a pipeline that was compiled for the batch.
func (s *bindings) find(key kernels.Key) (device.Pipeline, bool) {
	for _, p := range s.compiled {
		if p.Key() == key {
			return p, true
		}
	}
	return nil, false
}

// compileBy chooses the cache to compile by. What came from that of another
// device is of no use any more.
func (b *Batch) compileBy(cache *device.Cache) {
	if b.compiler != cache {
		b.compiler, b.scratch.compiled = cache, b.scratch.compiled[:0]
	}
}

// compile gets every pipeline of the batch, by way of its compiler.
func (b *Batch) compile() error {
	for i := 0; i < len(b.parts); {
		ps := b.problem(i)
		for link := range links(ps) {
			p, _, err := b.compiler.Get(keyOf(ps, link))
			if err != nil {
				return err
			}
			b.scratch.compiled = append(b.scratch.compiled, p)
		}
		i += len(ps)
	}
	return nil
}

// bind builds the batch's stages: gather, dispatch. Results of staged parts
// are committed by the host after the batch has ended.
func (b *Batch) bind() error {
	s := &b.scratch
	b.leaveRings()
	b.resetMemory()
	b.inner.space = device.SpaceDevice
	if b.engine.info.HostMemory {
		b.inner.space = device.SpaceShared
	}
	s.reuse()
	b.Stages = b.Stages[:0]
	if b.plan().Chain != nil {
		return b.bindChains()
	}
	s.grow(len(b.parts), len(s.pipelines), b.rowRuns())
	for i := 0; i < len(b.parts); {
		ps := b.problem(i)
		n := len(s.dispatches)
		s.dispatches = append(s.dispatches, device.Dispatch{Pipeline: s.pipelines[n]})
		s.results = append(s.results, none)
		d := &s.dispatches[n]
		var err error
		if ps[0].task.Plan.Problem.Op == kernels.OpSoftmax {
			d.Softmax, err = b.bindSoftmax(ps, n)
		} else {
			d.Matmul, err = b.bindMatmul(ps, n)
		}
		if err != nil {
			return err
		}
		i += len(ps)
	}
	if len(s.gather) > 0 {
		b.Stages = append(b.Stages, device.Stage{Copies: s.gather})
	}
	b.Stages = append(b.Stages, device.Stage{Dispatches: s.dispatches})
	return nil
}

// input returns an operand where the device can read it: where it lies, or
// staged when the device cannot read the caller's memory.
func (b *Batch) input(r device.Region) (device.Region, error) {
	if r.Buffer != nil || b.engine.info.HostMemory {
		return r, nil
	}
	dst, err := b.like(&r.View)
	if err == nil {
		b.scratch.gather = append(b.scratch.gather, device.Copy{Dst: dst, Src: r})
	}
	return dst, err
}

// like returns a staged region with the type and dimensions of v, columns
// contiguous where v's are.
func (b *Batch) like(v *tensor.View) (device.Region, error) {
	if s := v.Strides(); s[2] != 1 && s[1] == 1 {
		d := v.Dims()
		r, err := b.arena.alloc(v.DType(), tensor.Dims{d[0], d[2], d[1]})
		r.View.Transpose()
		return r, err
	}
	return b.arena.alloc(v.DType(), v.Dims())
}

// claim decides where a part's result goes. A part that is written in place
// is held from here on; ok is false if its job has ended meanwhile.
func (b *Batch) claim(p *part) (inPlace, ok bool) {
	t := p.task
	switch {
	case b.check != nil: // it is compared first
		return false, true
	case p.held && b.engine.writesInPlace(t):
		p.inPlace = true
		return true, true
	case p.held: // for a device that could write there; nobody else does
		p.inPlace = false
		return false, true
	case t.split != nil && !t.split.result.IsZero(), !b.engine.writesInPlace(t):
		return false, true
	case t.split != nil:
		p.inPlace, p.held = true, t.split.hold(&t.Life)
	default:
		p.inPlace, p.held = true, t.Hold()
	}
	p.sampled = false // for a device that could not write there: there is nothing to compare
	return true, p.held
}

func errsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
