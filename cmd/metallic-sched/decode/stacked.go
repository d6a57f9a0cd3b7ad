package decode

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Matrix implements Source. Tensors that a product uses together are stacked:
// queries, keys and values; gate and up.
func (f *File) Matrix(k Kind, layer int) (Matrix, error) {
	m := &f.model
	switch k {
	case QKV:
		return f.stack(m.Hidden, []part{
			{tensorName(layer, "self_attn.q_proj.weight"), m.Hidden},
			{tensorName(layer, "self_attn.k_proj.weight"), m.KV},
			{tensorName(layer, "self_attn.v_proj.weight"), m.KV},
		})
	case Out:
		return f.stack(m.Hidden, []part{{tensorName(layer, "self_attn.o_proj.weight"), m.Hidden}})
	case GateUp:
		return f.stack(m.Hidden, []part{
			{tensorName(layer, "mlp.gate_proj.weight"), m.Intermediate},
			{tensorName(layer, "mlp.up_proj.weight"), m.Intermediate},
		})
	case Down:
		return f.stack(m.Intermediate, []part{{tensorName(layer, "mlp.down_proj.weight"), m.Hidden}})
	case LMHead:
		return f.stack(m.Hidden, []part{{f.headName(), m.Vocab}})
	case Scores, Softmax, Values:
	}
	return nil, fmt.Errorf("weights: %v has none", k)
}

// Bias implements Source.
func (f *File) Bias(layer int) (Matrix, error) {
	m := &f.model
	s := &stacked{dtype: f.dtype, cols: m.Hidden + 2*m.KV, sideways: true}
	for _, p := range []part{
		{tensorName(layer, "self_attn.q_proj.bias"), m.Hidden},
		{tensorName(layer, "self_attn.k_proj.bias"), m.KV},
		{tensorName(layer, "self_attn.v_proj.bias"), m.KV},
	} {
		v, err := f.view(p.name, []uint64{uint64(p.rows)})
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, v)
	}
	return s, nil
}

// part is a tensor of the file that becomes some rows of a weight.
type part struct {
	name string
	rows int
}

func (f *File) stack(cols int, parts []part) (Matrix, error) {
	s := &stacked{dtype: f.dtype, cols: cols}
	for _, p := range parts {
		v, err := f.view(p.name, []uint64{uint64(p.rows), uint64(cols)})
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, v)
		s.rows += p.rows
	}
	return s, nil
}

// view returns a tensor of the wanted shape and the file's type; one of one
// dimension as a row.
func (f *File) view(name string, shape []uint64) (tensor.View, error) {
	t, ok := f.tensors.Tensor(name)
	if !ok {
		return tensor.View{}, fmt.Errorf("weights %s: %w", f.path, f.missing(name, fmt.Sprint(shape)))
	}
	dt, err := elementType(t.DType())
	if err != nil || dt != f.dtype || !slices.Equal(t.Shape(), shape) {
		return tensor.View{}, fmt.Errorf("weights %s: tensor %s is %v %v; wanted is %v %v",
			f.path, name, t.DType(), t.Shape(), f.dtype, shape)
	}
	rows, cols := 1, int(shape[len(shape)-1])
	if len(shape) == 2 {
		rows = int(shape[0])
	}
	v := tensor.Bytes(t.Data(), dt, 1, rows, cols)
	if v.Err() != nil { // the format does not promise alignment
		v = tensor.Bytes(bytes.Clone(t.Data()), dt, 1, rows, cols)
	}
	return v, v.Err()
}

// stacked is a matrix of parts below (or, sideways, beside) each other.
type stacked struct {
	dtype      tensor.DType
	rows, cols int
	sideways   bool // one row, of parts one after another
	parts      []tensor.View
}

// Value implements Matrix.
func (s *stacked) Value(row, col int) float32 {
	for _, p := range s.parts {
		switch {
		case s.sideways && col >= p.Cols():
			col -= p.Cols()
		case !s.sideways && row >= p.Rows():
			row -= p.Rows()
		default:
			return p.Value(0, row, col)
		}
	}
	panic("decode: element outside the matrix")
}

// View implements Matrix.
func (s *stacked) View(st *stage) tensor.View {
	if len(s.parts) == 1 {
		return s.parts[0]
	}
	out := st.matrix(s.dtype, max(s.rows, 1), s.cols)
	row, col := 0, 0
	for _, p := range s.parts {
		tensor.Copy(out.Slice(row, row+p.Rows(), col, col+p.Cols()), p)
		if s.sideways {
			col += p.Cols()
		} else {
			row += p.Rows()
		}
	}
	return out
}
