package decode

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// weight is one weight: loaded into every lane, and as it was.
type weight struct {
	operands []job.Operand // by lane
	matrix   Matrix
}

// layer holds one layer's weights.
type layer struct {
	byKind [LMHead]weight // those of kinds without a weight stay empty
	bias   weight
}

// Weights are the weights of some layers, loaded once into every lane.
type Weights struct {
	model  Model
	dtype  tensor.DType
	layers []layer
	head   *weight // nil: lm_head is left out
}

// steps returns the jobs of one token.
func (w *Weights) steps() int {
	n := len(w.layers) * int(LMHead)
	if w.head != nil {
		n++
	}
	return n
}

// Load loads the weights that fit says into each scheduler.
func Load(src Source, fit Fit, into []scheduler.Service) (*Weights, error) {
	w := &Weights{model: src.Model(), dtype: src.DType(), layers: make([]layer, fit.Layers)}
	l := loader{src: src, into: into}
	for i := range w.layers {
		for _, k := range [...]Kind{QKV, Out, GateUp, Down} {
			l.matrix(&w.layers[i].byKind[k], k, i)
		}
		l.bias(&w.layers[i].bias, i)
	}
	if fit.Head {
		w.head = &weight{}
		l.matrix(w.head, LMHead, 0)
	}
	return w, l.err
}

// loader loads one matrix after another through the same memory, until one
// fails.
type loader struct {
	src   Source
	into  []scheduler.Service
	stage stage
	err   error
}

func (l *loader) matrix(w *weight, k Kind, layer int) {
	if l.err != nil {
		return
	}
	if w.matrix, l.err = l.src.Matrix(k, layer); l.err != nil {
		return
	}
	v := w.matrix.View(&l.stage)
	if k == QKV { // the trace has this one stored with a row per input
		v = v.T()
	}
	l.load(w, v, k.String())
}

func (l *loader) bias(w *weight, layer int) {
	if l.err != nil {
		return
	}
	if w.matrix, l.err = l.src.Bias(layer); l.err != nil {
		return
	}
	l.load(w, w.matrix.View(&l.stage), "bias")
}

func (l *loader) load(w *weight, v tensor.View, name string) {
	for _, s := range l.into {
		o, err := s.LoadOperand(v)
		if err != nil {
			l.err = fmt.Errorf("weights: %s: %w", name, err)
			return
		}
		w.operands = append(w.operands, o)
	}
}

// Release gives the memory back.
func (w *Weights) Release() {
	for i := range w.layers {
		for k := range w.layers[i].byKind {
			w.layers[i].byKind[k].release()
		}
		w.layers[i].bias.release()
	}
	if w.head != nil {
		w.head.release()
	}
}

func (w *weight) release() {
	for _, o := range w.operands {
		o.Release()
	}
}
