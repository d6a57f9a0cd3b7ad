package decode

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Fit is how much of a model is loaded.
type Fit struct {
	Layers int
	Head   bool  // whether the lm_head is
	Bytes  int64 // what weights and sequences need, about
}

// FitInto chooses what fits into a memory budget: the lm_head, and as many
// layers as asked for. If that is too much it takes fewer layers, and if one
// layer is, no lm_head.
func FitInto(budget int64, m Model, dt tensor.DType, layers, sequences, lanes int) (Fit, error) {
	need := func(f Fit) int64 { return f.bytes(m, dt, int64(sequences), int64(lanes)) }
	for _, head := range []bool{true, false} {
		for n := layers; n >= 1; n-- {
			f := Fit{Layers: n, Head: head}
			if f.Bytes = need(f); f.Bytes <= budget {
				return f, nil
			}
		}
	}
	least := need(Fit{Layers: 1})
	return Fit{}, fmt.Errorf("memory: %d MiB are too few for one layer and %d sequences; at least %d are needed",
		budget>>20, sequences, least>>20+1)
}

// bytes counts the weights and sequences of every lane and the memory that
// weights are laid out in.
func (f Fit) bytes(m Model, dt tensor.DType, sequences, lanes int64) int64 {
	weights, largest := int64(0), int64(0)
	for _, k := range Kinds {
		rows, cols := m.weight(k)
		n := int64(f.Layers)
		if k == LMHead {
			n = 0
			if f.Head {
				n = 1
			}
		}
		size := int64(rows) * int64(cols)
		if weights += n * size; n > 0 {
			largest = max(largest, size)
		}
	}
	h := int64(m.Hidden)
	caches := int64(f.Layers) * 2 * h * int64(m.MaxLen)
	activations := 6*h + 2*int64(m.KV) + 2*int64(m.Intermediate) + 2*int64(m.Heads()*m.MaxLen)
	if f.Head {
		activations += int64(m.Vocab)
	}
	return int64(dt.Size()) * (lanes*(weights+sequences*(caches+activations)) + largest)
}
