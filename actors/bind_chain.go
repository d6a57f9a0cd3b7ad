package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// The links of a chain, in order: indices of its pipelines.
const (
	linkScores = iota
	linkWeights
	linkValues
	chainLinks
)

// operands are those of an attention part where the device can read them, and
// where it writes the result.
type operands struct{ q, k, v, o device.Region }

// bindChains binds a batch of attentions as waves of steps. A wave is three
// stages: the scores of its steps, their weights in the same memory, and the
// values. All waves share that memory, which the host never sees.
func (b *Batch) bindChains() error {
	s := &b.scratch
	for i := range b.parts {
		p := &b.parts[i]
		if err := b.bindOperands(p, i); err != nil {
			return err
		}
		s.steps = policy.AppendSteps(s.steps, p.task.Plan, i, p.task.Form.QueryOffset, p.u0, p.u1)
	}
	memory, err := b.scoresMemory()
	if err != nil {
		return err
	}
	s.growChains()
	if len(s.gather) > 0 {
		b.Stages = append(b.Stages, device.Stage{Copies: s.gather})
	}
	for steps := s.steps; len(steps) > 0; {
		w := policy.NextWave(steps, b.engine.info.Caps.Scratch)
		b.bindWave(steps[:w.Steps], &w, memory)
		steps = steps[w.Steps:]
	}
	return nil
}

// bindOperands places the operands of the batch's i-th part.
func (b *Batch) bindOperands(p *part, i int) error {
	t, s := p.task, &b.scratch
	q, k, v, c := t.region(OperandA), t.region(OperandB), t.region(OperandV), t.Form.C
	for _, x := range [...]*tensor.View{&q.View, &k.View, &v.View, &c} {
		t.sub(x, p.u0, p.u1)
	}
	p.problem, p.col = i, 0
	inPlace, ok := b.claim(p)
	if !ok {
		return errEnded
	}
	s.results = append(s.results, none)
	var to operands
	var errQ, errK, errV, errO error
	to.q, errQ = b.input(q)
	to.k, errK = b.input(k)
	to.v, errV = b.input(v)
	if to.o = device.Host(c); !inPlace {
		to.o, errO = b.arena.alloc(c.DType(), c.Dims())
		s.results[i] = to.o.View
	}
	s.chains = append(s.chains, to)
	return errsFirst(errQ, errK, errV, errO)
}

// scoresMemory returns memory for the scores of the largest wave. It stays for the
// next batch as long as no single step is larger than the device wants them:
// arenas are rounded up to twice as much.
func (b *Batch) scoresMemory() (device.Region, error) {
	b.inner.keep = 2 * b.engine.info.Caps.Scratch
	most := 0
	for steps := b.scratch.steps; len(steps) > 0; {
		w := policy.NextWave(steps, b.engine.info.Caps.Scratch)
		most, steps = max(most, w.Scores()), steps[w.Steps:]
	}
	return b.inner.alloc(tensor.F32, tensor.Dims{1, 1, most})
}

// growChains makes room for what the steps need.
func (s *bindings) growChains() {
	products, rows := 0, 0
	for i := range s.steps {
		x := &s.steps[i]
		products += 2 * x.Group
		rows += (x.H1 - x.H0) * x.Group
	}
	s.grow(0, products, rows)
	s.runs = room(s.runs, products)
	s.dispatches = room(s.dispatches, products+len(s.steps))
}

// bindWave binds steps whose scores lie one below the other.
func (b *Batch) bindWave(steps []policy.Step, w *policy.Wave, memory device.Region) {
	s := &b.scratch
	if w.Rows > 0 {
		first, row := len(s.dispatches), 0
		for i := range steps {
			if steps[i].Keys > 0 {
				b.bindScores(&steps[i], scoresAt(memory, w, &steps[i], row))
				row += steps[i].Scores()
			}
		}
		b.stageFrom(first)
		first = len(s.dispatches)
		b.bindWeights(steps, w, memory)
		b.stageFrom(first)
	}
	first, row := len(s.dispatches), 0
	for i := range steps {
		b.bindValues(&steps[i], scoresAt(memory, w, &steps[i], row))
		if steps[i].Keys > 0 {
			row += steps[i].Scores()
		}
	}
	b.stageFrom(first)
}

// stageFrom makes a stage of the dispatches from the first on.
func (b *Batch) stageFrom(first int) {
	b.Stages = append(b.Stages, device.Stage{Dispatches: b.scratch.dispatches[first:]})
}

// bindScores binds the products of a step's queries and keys.
func (b *Batch) bindScores(x *policy.Step, scores device.Region) {
	in := &b.scratch.chains[x.Job]
	k := b.sharedHeads(x, in.k)
	k.View.Transpose()
	q := b.queryHeads(x, in.q)
	n := b.products(x, &q.View)
	for j := range n {
		b.product(x, linkScores, groupHeads(x, q, j, n), k, groupHeads(x, scores, j, n))
	}
}

// bindValues binds the products of a step's weights and values.
func (b *Batch) bindValues(x *policy.Step, weights device.Region) {
	in := &b.scratch.chains[x.Job]
	v, o := b.sharedHeads(x, in.v), b.queryHeads(x, in.o)
	n := b.products(x, &o.View)
	for j := range n {
		b.product(x, linkValues, groupHeads(x, weights, j, n), v, groupHeads(x, o, j, n))
	}
}

// product appends a product of a step, oriented as its plan is.
func (b *Batch) product(x *policy.Step, link int, left, right, result device.Region) {
	s, t := &b.scratch, b.parts[x.Job].task
	if t.Plan.Chain.Links()[link].Problem.Mirrored {
		left, right = right, left
		left.View.Transpose()
		right.View.Transpose()
		result.View.Transpose()
	}
	run := device.Run{Columns: result.View.Cols(), Alpha: 1, Bias: -1}
	if link == linkScores {
		run.Alpha = t.Form.Alpha
	}
	c := result.View.Dims()
	s.matmuls = append(s.matmuls, device.Matmul{
		Shape: kernels.Shape{Batch: c[0], M: c[1], N: c[2], K: left.View.Cols()},
		A:     left, B: right, C: result, Runs: appendWithin(&s.runs, nil, run),
	})
	s.dispatches = append(s.dispatches, device.Dispatch{
		Pipeline: s.pipelines[chainLinks*x.Job+link], Matmul: &s.matmuls[len(s.matmuls)-1],
	})
}

// bindWeights binds the softmax of all rows of a wave.
func (b *Batch) bindWeights(steps []policy.Step, w *policy.Wave, memory device.Region) {
	s := &b.scratch
	x := memory
	x.View = x.View.Strided(tensor.Dims{1, w.Rows, w.Keys}, tensor.Dims{0, w.Pitch, 1}, x.View.Offset())
	sm := device.Softmax{X: x, Y: x}
	for i := range steps {
		step := &steps[i]
		if step.Keys == 0 {
			continue
		}
		run, heads := device.RowRun{Rows: step.Scores(), Cols: step.Keys, Limit: step.Keys}, 1
		if rows := step.R1 - step.R0; b.plan().Problem.Causal && rows > 1 {
			heads, run.Rows = run.Rows/rows, rows // the mask starts anew with every head
			run.Limit, run.Step = min(step.R0+b.parts[step.Job].task.Form.QueryOffset+1, step.Keys), 1
		}
		for range heads {
			sm.Rows = appendWithin(&s.rows, sm.Rows, run)
		}
	}
	s.softmaxes = append(s.softmaxes, sm)
	s.dispatches = append(s.dispatches, device.Dispatch{
		Pipeline: s.pipelines[chainLinks*steps[0].Job+linkWeights], Softmax: &s.softmaxes[len(s.softmaxes)-1],
	})
}
