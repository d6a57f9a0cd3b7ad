package decode

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/edsrzf/mmap-go"
	"github.com/nlpodyssey/safetensors"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// File has the weights of a .safetensors file with Hugging Face's names for
// Qwen2. The file is memory-mapped: only what is used is read.
type File struct {
	path    string
	mapped  mmap.MMap
	tensors safetensors.SafeTensors
	model   Model
	dtype   tensor.DType
}

// OpenFile maps a file and reads the model's sizes off its tensors; what they
// do not show (the width of a head, the lengths of the caches) is like's.
func OpenFile(path string, like Model) (*File, error) {
	f := &File{path: path, model: like}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("weights %s: %w", path, err)
	}
	if err := f.measure(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("weights %s: %w", path, err)
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close() // the mapping outlives it
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("not a regular file")
	case info.Size() == 0:
		return fmt.Errorf("the file is empty")
	}
	if f.mapped, err = mmap.Map(file, mmap.RDONLY, 0); err != nil {
		return err
	}
	if f.tensors, err = safetensors.Deserialize(f.mapped); err != nil {
		return fmt.Errorf("not a safetensors file: %w", err)
	}
	return nil
}

// Close unmaps the file. The matrices must not be used any more.
func (f *File) Close() error {
	if f.mapped == nil {
		return nil
	}
	return f.mapped.Unmap()
}

// Model implements Source.
func (f *File) Model() Model { return f.model }

// DType implements Source.
func (f *File) DType() tensor.DType { return f.dtype }

// Layers implements Source.
func (f *File) Layers() int { return f.model.Layers }

// measure reads the sizes off the first layer.
func (f *File) measure() error {
	m := &f.model
	query, err := f.find(tensorName(0, "self_attn.q_proj.weight"), m.Hidden, m.Hidden)
	if err != nil {
		return err
	}
	if f.dtype, err = elementType(query.DType()); err != nil {
		return fmt.Errorf("tensor %s: %w", tensorName(0, "self_attn.q_proj.weight"), err)
	}
	m.Hidden = int(query.Shape()[1])
	for _, s := range []struct {
		name string
		rows *int
	}{
		{tensorName(0, "self_attn.k_proj.weight"), &m.KV},
		{tensorName(0, "mlp.gate_proj.weight"), &m.Intermediate},
		{f.headName(), &m.Vocab},
	} {
		t, err := f.find(s.name, *s.rows, m.Hidden)
		if err != nil {
			return err
		}
		*s.rows = int(t.Shape()[0])
	}
	for m.Layers = 1; f.has(tensorName(m.Layers, "self_attn.q_proj.weight")); m.Layers++ {
	}
	return m.check()
}

func (f *File) has(name string) bool {
	_, ok := f.tensors.Tensor(name)
	return ok
}

// headName returns the tensor of the last product: many models use their
// embedding for it.
func (f *File) headName() string {
	if f.has("lm_head.weight") {
		return "lm_head.weight"
	}
	return "model.embed_tokens.weight"
}

func tensorName(layer int, rest string) string { return fmt.Sprintf("model.layers.%d.%s", layer, rest) }

// find returns a matrix of any size; rows and cols only help the error.
func (f *File) find(name string, rows, cols int) (safetensors.TensorView, error) {
	t, ok := f.tensors.Tensor(name)
	if !ok {
		return t, f.missing(name, fmt.Sprintf("[%d %d]", rows, cols))
	}
	if s := t.Shape(); len(s) != 2 || s[0] == 0 || s[1] == 0 || s[0] > math.MaxInt32 || s[1] > math.MaxInt32 {
		return t, fmt.Errorf("tensor %s has shape %v; wanted is a matrix like [%d %d]", name, s, rows, cols)
	}
	return t, nil
}

// missing names the tensor, its wanted shape and what the file has instead.
func (f *File) missing(name, shape string) error {
	names := f.tensors.Names()
	slices.Sort(names)
	what := "nothing"
	if len(names) > 0 {
		shown := names[:min(len(names), 6)]
		what = fmt.Sprintf("%d tensors: %s", len(names), strings.Join(shown, ", "))
		if len(names) > len(shown) {
			what += ", ..."
		}
	}
	return fmt.Errorf("no tensor %s of shape %s; the file has %s", name, shape, what)
}

func elementType(dt safetensors.DType) (tensor.DType, error) {
	switch dt {
	case safetensors.F32:
		return tensor.F32, nil
	case safetensors.F16:
		return tensor.F16, nil
	case safetensors.BF16:
		return tensor.BF16, nil
	default:
		return 0, fmt.Errorf("type %v cannot be used; allowed are F32, F16, BF16", dt)
	}
}
