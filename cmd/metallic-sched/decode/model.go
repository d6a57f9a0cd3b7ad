package decode

import "fmt"

// Model holds the sizes that determine every product of a decode step.
type Model struct {
	Hidden       int // width of a token's state
	KV           int // width of the keys, and of the values, of one token
	Intermediate int // width of each half of the gated MLP
	Vocab        int
	HeadDim      int
	Layers       int // of the whole model
	// MinLen and MaxLen bound the tokens in a sequence's cache.
	MinLen, MaxLen int
}

// Qwen returns the sizes of Qwen2.5-0.5B, as its recorded trace shows them.
func Qwen() (Model, error) {
	products, err := parseTrace(qwen)
	if err != nil {
		return Model{}, err
	}
	return modelOf(products)
}

// modelOf reads the sizes off the products of a trace.
func modelOf(products []product) (Model, error) {
	m := Model{MinLen: 1 << 30}
	byName := map[string]product{}
	for _, p := range products {
		byName[p.name] = p
		switch p.name {
		case Scores.String():
			m.see(p.shape.N)
		case Values.String():
			m.see(p.shape.K)
		}
	}
	qkv, up, head := byName[QKV.String()], byName[GateUp.String()], byName[LMHead.String()]
	if head.count == 0 {
		return Model{}, fmt.Errorf("trace: no %v", LMHead)
	}
	m.Hidden = qkv.shape.K
	m.KV = (qkv.shape.N - m.Hidden) / 2
	m.Intermediate = up.shape.N / 2
	m.Vocab = head.shape.N
	m.HeadDim = byName[Values.String()].shape.N
	m.Layers = up.count / head.count
	return m, m.check()
}

func (m *Model) see(length int) {
	m.MinLen, m.MaxLen = min(m.MinLen, length), max(m.MaxLen, length)
}

// Heads returns the number of attention heads.
func (m *Model) Heads() int { return m.Hidden / m.HeadDim }

// shared returns how many heads use the same keys and values.
func (m *Model) shared() int { return m.Hidden / m.KV }

func (m *Model) check() error {
	switch {
	case m.HeadDim < 1 || m.Hidden < 1 || m.Hidden%m.HeadDim != 0:
		return fmt.Errorf("model: width %d is not a multiple of the %d of a head", m.Hidden, m.HeadDim)
	case m.KV < 1 || m.KV%m.HeadDim != 0 || m.Hidden%m.KV != 0:
		return fmt.Errorf("model: %d columns of keys do not divide the %d of the heads of %d", m.KV, m.Hidden, m.HeadDim)
	case m.Intermediate < 1 || m.Vocab < 1 || m.Layers < 1 || m.MaxLen < m.MinLen || m.MinLen < 1:
		return fmt.Errorf("model: sizes of at least 1 are needed: %+v", *m)
	}
	return nil
}

// flops returns the operations of one job; length is the tokens in the cache.
func (m *Model) flops(k Kind, length int) int64 {
	h := int64(m.Hidden)
	switch k {
	case QKV:
		return 2 * h * (h + 2*int64(m.KV))
	case Scores, Values:
		return 2 * h * int64(length)
	case Softmax: // as the cost model counts an exponential
		return 10 * int64(m.Heads()) * int64(length)
	case Out:
		return 2 * h * h
	case GateUp:
		return 4 * h * int64(m.Intermediate)
	case Down:
		return 2 * h * int64(m.Intermediate)
	case LMHead:
		return 2 * h * int64(m.Vocab)
	}
	return 0
}

// weight returns the size of a kind's weight, one row per output; zero for
// kinds that have none.
func (m *Model) weight(k Kind) (rows, cols int) {
	switch k {
	case QKV:
		return m.Hidden + 2*m.KV, m.Hidden
	case Out:
		return m.Hidden, m.Hidden
	case GateUp:
		return 2 * m.Intermediate, m.Hidden
	case Down:
		return m.Hidden, m.Intermediate
	case LMHead:
		return m.Vocab, m.Hidden
	case Scores, Softmax, Values:
	}
	return 0, 0
}

// perToken returns the operations of one token in a cache of middling length.
func (m *Model) perToken(fit Fit) int64 {
	length, sum := (m.MinLen+m.MaxLen)/2, int64(0)
	for _, k := range Kinds[:LMHead] {
		sum += int64(fit.Layers) * m.flops(k, length)
	}
	if fit.Head {
		sum += m.flops(LMHead, length)
	}
	return sum
}
