package loadtest

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// MixSyntax says how a mix is written.
const MixSyntax = `# One kind of job a line; # begins a comment. Defaults in brackets.
matmul m=4096 k=4096 n=1        C = A (m x k) times B (k x n); [n=1 batch=1]
  dtype=f32 [f32], or a= b= c=  f32, f16, bf16
  transa transb bias            flags
  loaded=a operands=1           a, b or none: which side is a loaded operand, and how many to choose from
softmax rows=64 cols=1024       [dtype=f32]
  causal offset=0
attention rows=1 keys=512 heads=14 kvheads=2 dim=64   [rows=1 kvheads=heads dtype=f32]
  values=64 [dim]  causal offset=0
All: name= share=1 tenants=a,b (t*8: t0 to t7; a:3: three times the jobs) priority=low|normal|high deadline=50ms
  cancel=1% cancelafter=1ms poison=0.1% (a NaN in a job's own input) invalid=0.1% (must be refused)`

// ParseMix reads a mix in the format of MixSyntax.
func ParseMix(r io.Reader) (Mix, error) {
	var kinds []Kind
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		k, err := parseKind(words)
		if err == nil {
			err = k.check()
		}
		if err != nil {
			return Mix{}, fmt.Errorf("loadtest: mix: line %d: %w", n, err)
		}
		kinds = append(kinds, k)
	}
	if err := lines.Err(); err != nil {
		return Mix{}, fmt.Errorf("loadtest: mix: %w", err)
	}
	return NewMix(kinds)
}

func parseKind(words []string) (Kind, error) {
	k := newKind()
	switch words[0] {
	case "matmul":
	case "softmax":
		k.Softmax, k.Loaded, k.M = true, "none", 1
	case "attention":
		k.Attention, k.Loaded, k.M, k.Batch, k.Heads = true, "none", 1, 0, 1
	default:
		return k, fmt.Errorf("%q is no operation; allowed: matmul, softmax, attention", words[0])
	}
	for _, w := range words[1:] {
		name, value, valued := strings.Cut(w, "=")
		if err := k.set(name, value, valued); err != nil {
			return k, fmt.Errorf("%s: %w", w, err)
		}
	}
	if k.Attention {
		set(&k.Batch, k.Heads)
		set(&k.Values, k.K)
	}
	if k.Name == "" {
		k.Name = k.describe()
	}
	return k, nil
}

// describe names a kind by what it computes.
func (k *Kind) describe() string {
	if k.Softmax {
		return fmt.Sprintf("softmax %dx%d %v", k.Batch*k.M, k.N, k.A)
	}
	if k.Attention {
		return fmt.Sprintf("attention %dx%dx%dx%d %v", k.Heads, k.M, k.N, k.K, k.A)
	}
	batch := ""
	if k.Batch > 1 {
		batch = fmt.Sprintf("%dx", k.Batch)
	}
	return fmt.Sprintf("matmul %s%dx%dx%d %v", batch, k.M, k.K, k.N, k.A)
}
