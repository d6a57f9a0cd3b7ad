package loadtest

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed qwen25-decode.csv
var qwen string

// presets are mixes that need no file.
var presets = map[string]string{
	"attention": `attention rows=1 keys=512 heads=14 kvheads=2 dim=64 dtype=f16 name=decode share=9
attention rows=64 keys=64 heads=14 kvheads=2 dim=64 dtype=f16 causal name=prefill`,
	"gemv": "matmul m=4096 k=4096 n=1 name=gemv",
	"small": `matmul m=256 k=256 n=1 name=one
matmul m=256 k=256 n=4 name=four share=0.5`,
	"softmax": `softmax rows=64 cols=1024 name=short share=3
softmax rows=16 cols=8192 name=long
softmax rows=64 cols=512 causal offset=448 name=causal`,
	"tenants": "matmul m=1024 k=1024 n=1 tenants=heavy:8,light*4 name=gemv",
	"urgent": `matmul m=1024 k=1024 n=8 priority=low share=4 name=bulk tenants=bulk
matmul m=1024 k=1024 n=1 priority=high deadline=20ms name=urgent tenants=online`,
	"weather": `matmul m=512 k=512 n=1 operands=4 tenants=t*4 cancel=2% poison=1% invalid=1% deadline=250ms name=gemv
matmul m=256 k=64 n=256 loaded=none dtype=f16 share=0.2 tenants=t*4 cancel=2% poison=1% name=own
softmax rows=8 cols=768 causal tenants=t*4 share=0.5 poison=1% invalid=1% name=softmax`,
}

// Presets returns the names that Preset knows.
func Presets() []string {
	return append(slices.Sorted(maps.Keys(presets)), "qwen25")
}

// Preset returns the mix of that name. qwen25 is the products of a text
// generation with Qwen2.5-0.5B, by their counts.
func Preset(name string) (Mix, error) {
	if name == "qwen25" {
		return ReadCSV(strings.NewReader(qwen))
	}
	text, ok := presets[name]
	if !ok {
		return Mix{}, fmt.Errorf("loadtest: no mix is called %q; allowed: %s", name, strings.Join(Presets(), ", "))
	}
	return ParseMix(strings.NewReader(text))
}
