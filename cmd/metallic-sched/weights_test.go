package main

import (
	"os"

	"github.com/nlpodyssey/safetensors"
	"github.com/rogpeppe/go-internal/testscript"
)

// makeWeights writes a small Qwen2 file for a script: makeweights FILE, and
// the names of tensors to leave out.
func makeWeights(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: makeweights file [tensor-to-leave-out ...]")
	}
	shapes := map[string][]uint64{
		"model.embed_tokens.weight":              {96, 128},
		"model.layers.0.self_attn.q_proj.weight": {128, 128},
		"model.layers.0.self_attn.q_proj.bias":   {128},
		"model.layers.0.self_attn.k_proj.weight": {64, 128},
		"model.layers.0.self_attn.k_proj.bias":   {64},
		"model.layers.0.self_attn.v_proj.weight": {64, 128},
		"model.layers.0.self_attn.v_proj.bias":   {64},
		"model.layers.0.self_attn.o_proj.weight": {128, 128},
		"model.layers.0.mlp.gate_proj.weight":    {80, 128},
		"model.layers.0.mlp.up_proj.weight":      {80, 128},
		"model.layers.0.mlp.down_proj.weight":    {128, 80},
		"model.layers.0.input_layernorm.weight":  {128},
	}
	for _, name := range args[1:] {
		delete(shapes, name)
	}
	tensors := map[string]safetensors.TensorView{}
	for name, shape := range shapes {
		n := uint64(1)
		for _, d := range shape {
			n *= d
		}
		data := make([]byte, 2*n)
		for i := range data {
			if data[i] = byte(i * 7); i%2 == 1 { // bf16: sign and exponent of small numbers
				data[i] = 0x3d | byte(i&2)<<6
			}
		}
		var err error
		tensors[name], err = safetensors.NewTensorView(safetensors.BF16, shape, data)
		ts.Check(err)
	}
	raw, err := safetensors.Serialize(tensors, nil)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}
