package decode

import "github.com/metallic-sched/metallic-sched/kernels/tensor"

// cache holds the keys and values of one sequence in one layer: a matrix of
// MaxLen rows for every head. Heads that share keys have copies, as the trace
// has it: its attention products are batches of as many matrices as heads.
type cache struct{ keys, values tensor.View }

// newCache returns a cache full of made-up history.
func newCache(m *Model, history *Random, stream uint64) cache {
	make1 := func(stream uint64) tensor.View {
		rows := m.Heads() * m.MaxLen
		v := history.matrix(rows, m.HeadDim, 1, stream).View(&stage{})
		dims := tensor.Dims{m.Heads(), m.MaxLen, m.HeadDim}
		return v.Strided(dims, tensor.Compact(dims), 0)
	}
	return cache{keys: make1(2 * stream), values: make1(2*stream + 1)}
}

// append stores the keys and values of the token at a position.
func (c *cache) append(m *Model, qkv tensor.View, position int) {
	for h := range m.KV / m.HeadDim {
		first := h * m.shared()
		at := func(v tensor.View) tensor.View {
			return v.Sub(first, first+m.shared()).Slice(position, position+1, 0, m.HeadDim)
		}
		tensor.Copy(at(c.keys), sharedHead(m, qkv, m.Hidden+h*m.HeadDim))
		tensor.Copy(at(c.values), sharedHead(m, qkv, m.Hidden+m.KV+h*m.HeadDim))
	}
}

// upTo returns the first rows of every head.
func upTo(v tensor.View, length int) tensor.View { return v.Slice(0, length, 0, v.Cols()) }
