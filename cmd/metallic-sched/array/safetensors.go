package array

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nlpodyssey/safetensors"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// safeTypes are the element types of .safetensors files that jobs may use.
var safeTypes = map[safetensors.DType]tensor.DType{
	safetensors.F32: tensor.F32, safetensors.F16: tensor.F16, safetensors.BF16: tensor.BF16,
}

// parseSafetensors takes one tensor out of the contents of a file. The array
// may keep its memory.
func parseSafetensors(p Place, raw []byte) (*Array, error) {
	all, err := safetensors.Deserialize(raw)
	if err != nil {
		return nil, &Error{Place: p.File, What: "content", Got: err.Error(), Allowed: "a .safetensors file", Cause: err}
	}
	name := p.Tensor
	if names := all.Names(); name == "" {
		if len(names) != 1 {
			return nil, wrong(p.File, "tensor", "FILE:TENSOR with one of "+list(names), "not named")
		}
		name = names[0]
	}
	t, ok := all.Tensor(name)
	if !ok {
		return nil, wrong(p.File, "tensor", list(all.Names()), "%q", name)
	}
	a := &Array{Shape: make([]int, len(t.Shape()))}
	if a.DType, ok = safeTypes[t.DType()]; !ok {
		return nil, wrong(p.String(), "dtype", "F32, F16, BF16", "%v", t.DType())
	}
	for i, n := range t.Shape() {
		a.Shape[i] = int(min(n, most+1))
	}
	n, ok := elements(a.Shape)
	if want := n * a.DType.Size(); !ok || want != len(t.Data()) {
		return nil, wrong(p.String(), "data", fmt.Sprintf("%d bytes for %s of %v", want, a.Sizes(), a.DType), "%d bytes", len(t.Data()))
	}
	a.Data = aligned(t.Data(), a.DType.Size())
	return a, nil
}

// list names a few of many.
func list(names []string) string {
	if len(names) == 0 {
		return "none: the file is empty"
	}
	names = slices.Sorted(slices.Values(names))
	shown := names[:min(len(names), 6)]
	text := strings.Join(shown, ", ")
	if len(names) > len(shown) {
		text += fmt.Sprintf(" and %d others", len(names)-len(shown))
	}
	return text
}

// writeSafetensors writes a file with one tensor.
func writeSafetensors(w io.Writer, name string, a *Array) error {
	shape := make([]uint64, len(a.Shape))
	for i, n := range a.Shape {
		shape[i] = uint64(n)
	}
	for code, dt := range safeTypes {
		if dt == a.DType {
			t, err := safetensors.NewTensorView(code, shape, a.Data)
			if err != nil {
				return err
			}
			return safetensors.SerializeToWriter(map[string]safetensors.TensorView{name: t}, nil, w)
		}
	}
	return wrong(name, "dtype", "F32, F16, BF16", "%v", a.DType)
}
