package decode

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestFileStacksWhatIsUsedTogether(t *testing.T) {
	for _, dt := range tensor.DTypes {
		m := smallModel()
		path := writeFile(t, tensorsOf(m, dt))
		f, err := OpenFile(path, Model{HeadDim: m.HeadDim, MinLen: m.MinLen, MaxLen: m.MaxLen})
		require.NoError(t, err)
		require.Equal(t, m, f.Model())
		require.Equal(t, dt, f.DType())
		require.Equal(t, m.Layers, f.Layers())
		for _, k := range []Kind{QKV, Out, GateUp, Down, LMHead} {
			w, err := f.Matrix(k, 1)
			require.NoError(t, err)
			v := w.View(&stage{})
			rows, cols := m.weight(k)
			require.Equal(t, tensor.Dims{1, rows, cols}, v.Dims(), k)
			requireSameElements(t, w, v)
		}
		up, err := f.Matrix(GateUp, 2)
		require.NoError(t, err)
		require.Equal(t, valueOf(tensorName(2, "mlp.gate_proj.weight"), 5, dt), up.Value(0, 5))
		require.Equal(t, valueOf(tensorName(2, "mlp.up_proj.weight"), 5, dt), up.Value(m.Intermediate, 5))
		bias, err := f.Bias(0)
		require.NoError(t, err)
		requireSameElements(t, bias, bias.View(&stage{}))
		require.Equal(t, valueOf(tensorName(0, "self_attn.v_proj.bias"), 3, dt), bias.Value(0, m.Hidden+m.KV+3))
		require.NoError(t, f.Close())
	}
}

// A head of its own is preferred to the embedding.
func TestFileHead(t *testing.T) {
	m := smallModel()
	tensors := tensorsOf(m, tensor.F32)
	tensors["lm_head.weight"] = fileTensor(t, "lm_head.weight", tensor.F32, m.Vocab, m.Hidden)
	f, err := OpenFile(writeFile(t, tensors), m)
	require.NoError(t, err)
	defer f.Close()
	head, err := f.Matrix(LMHead, 0)
	require.NoError(t, err)
	require.Equal(t, valueOf("lm_head.weight", 1, tensor.F32), head.Value(0, 1))
}

func TestOpenFileNamesWhatIsMissing(t *testing.T) {
	like, err := Qwen()
	require.NoError(t, err)
	all := tensorsOf(smallModel(), tensor.F16)
	without := func(name string) map[string]safetensors.TensorView {
		rest := maps.Clone(all)
		delete(rest, name)
		return rest
	}
	name := tensorName(0, "self_attn.q_proj.weight")
	_, err = OpenFile(writeFile(t, without(name)), like)
	require.ErrorContains(t, err, "no tensor "+name+" of shape [896 896]; the file has 36 tensors: model.embed_tokens.weight, ")
	name = tensorName(0, "mlp.gate_proj.weight")
	_, err = OpenFile(writeFile(t, without(name)), like)
	require.ErrorContains(t, err, "no tensor "+name+" of shape [4864 64]")
}

func TestFileNamesWhatDoesNotFit(t *testing.T) {
	m := smallModel()
	tensors := tensorsOf(m, tensor.F16)
	up, bias, down := tensorName(0, "mlp.up_proj.weight"), tensorName(0, "self_attn.k_proj.bias"), tensorName(0, "mlp.down_proj.weight")
	tensors[up] = fileTensor(t, up, tensor.F16, m.Intermediate+1, m.Hidden)
	tensors[down] = fileTensor(t, down, tensor.F32, m.Hidden, m.Intermediate)
	delete(tensors, bias)
	f, err := OpenFile(writeFile(t, tensors), m)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Matrix(GateUp, 0)
	require.ErrorContains(t, err, "tensor "+up+" is F16 [49 64]; wanted is f16 [48 64]")
	_, err = f.Matrix(Down, 0)
	require.ErrorContains(t, err, "tensor "+down+" is F32 [64 48]; wanted is f16 [64 48]")
	_, err = f.Bias(0)
	require.ErrorContains(t, err, "no tensor "+bias+" of shape [32]")
	_, err = f.Matrix(Softmax, 0)
	require.ErrorContains(t, err, "attn_softmax has none")
}

func TestOpenFileRefusesWhatIsNoWeights(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	integers, err := safetensors.NewTensorView(safetensors.I32, []uint64{64, 64}, make([]byte, 4*64*64))
	require.NoError(t, err)
	flat := fileTensor(t, "x", tensor.F32, 64)
	name := tensorName(0, "self_attn.q_proj.weight")
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file",
		dir:                        "not a regular file",
		file("empty", ""):          "the file is empty",
		file("text", "neither a header nor tensors"):                           "not a safetensors file",
		writeFile(t, map[string]safetensors.TensorView{name: integers}):        "allowed are F32, F16, BF16",
		writeFile(t, map[string]safetensors.TensorView{name: flat, "b": flat}): "wanted is a matrix",
	} {
		_, err := OpenFile(path, smallModel())
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
}

// The format does not promise that tensors are aligned.
func TestFileWithUnalignedTensors(t *testing.T) {
	m := smallModel()
	f, err := OpenFile(writeFile(t, tensorsOf(m, tensor.F32)), m)
	require.NoError(t, err)
	defer f.Close()
	raw := append(make([]byte, 1, 1+len(f.mapped)), f.mapped...)[1:]
	moved := *f
	moved.tensors, err = safetensors.Deserialize(raw)
	require.NoError(t, err)
	want, err := f.Matrix(GateUp, 0)
	require.NoError(t, err)
	got, err := moved.Matrix(GateUp, 0)
	require.NoError(t, err)
	requireSameElements(t, got, want.View(&stage{}))
}

// tensorsOf returns all tensors of a model, under their usual names.
func tensorsOf(m Model, dt tensor.DType) map[string]safetensors.TensorView {
	tensors := map[string]safetensors.TensorView{}
	add := func(name string, shape ...int) {
		v, err := newFileTensor(name, dt, shape...)
		if err != nil {
			panic(err)
		}
		tensors[name] = v
	}
	for i := range m.Layers {
		add(tensorName(i, "self_attn.q_proj.weight"), m.Hidden, m.Hidden)
		add(tensorName(i, "self_attn.q_proj.bias"), m.Hidden)
		for _, p := range []string{"k", "v"} {
			add(tensorName(i, "self_attn."+p+"_proj.weight"), m.KV, m.Hidden)
			add(tensorName(i, "self_attn."+p+"_proj.bias"), m.KV)
		}
		add(tensorName(i, "self_attn.o_proj.weight"), m.Hidden, m.Hidden)
		add(tensorName(i, "mlp.gate_proj.weight"), m.Intermediate, m.Hidden)
		add(tensorName(i, "mlp.up_proj.weight"), m.Intermediate, m.Hidden)
		add(tensorName(i, "mlp.down_proj.weight"), m.Hidden, m.Intermediate)
		add(tensorName(i, "input_layernorm.weight"), m.Hidden) // not used
		add(tensorName(i, "post_attention_layernorm.weight"), m.Hidden)
	}
	add("model.embed_tokens.weight", m.Vocab, m.Hidden)
	return tensors
}

func fileTensor(t *testing.T, name string, dt tensor.DType, shape ...int) safetensors.TensorView {
	v, err := newFileTensor(name, dt, shape...)
	require.NoError(t, err)
	return v
}

func newFileTensor(name string, dt tensor.DType, shape ...int) (safetensors.TensorView, error) {
	n, dims := 1, []uint64{}
	for _, d := range shape {
		n *= d
		dims = append(dims, uint64(d))
	}
	data := make([]byte, n*dt.Size())
	v := tensor.Bytes(data, dt, 1, 1, n)
	for i := range n {
		v.SetValue(0, 0, i, valueOf(name, i, dt))
	}
	types := map[tensor.DType]safetensors.DType{tensor.F32: safetensors.F32, tensor.F16: safetensors.F16, tensor.BF16: safetensors.BF16}
	return safetensors.NewTensorView(types[dt], dims, data)
}

// valueOf is element i of the tensor of a name.
func valueOf(name string, i int, dt tensor.DType) float32 {
	h := uint64(i)
	for _, c := range name {
		h = mix(h ^ uint64(c))
	}
	return rounded(float64(h>>40)/(1<<24)*0.5-0.25, dt)
}

func writeFile(t *testing.T, tensors map[string]safetensors.TensorView) string {
	t.Helper()
	raw, err := safetensors.Serialize(tensors, nil)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.safetensors", len(tensors)))
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return path
}
