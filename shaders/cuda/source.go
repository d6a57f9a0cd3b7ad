// Package cuda holds the CUDA C++ sources of the kernels. The entry point of
// each has the name of its row in the catalog; some have another for another
// size beside it, which computes the same bits.
package cuda

import (
	"embed"
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/shaders"
)

//go:embed *.cu
var files embed.FS

// Types are the element types that a source is compiled for, as the catalog
// writes them: f32, f16, bf16. Softmax reads A and writes C; copies use A.
type Types struct{ A, B, C string }

// Probe is a file with no kernel: a compiler that takes it takes the kernels of
// Hopper.
const Probe = "probe_hopper"

// Files lists what else Source takes.
func Files() []string {
	return []string{"copy", "gemv", "mlx", "simd", "simd_hopper", "smalln", "smalln_clusters", "smalln_hopper", "softmax_block", "softmax_legacy", "softmax_vec"}
}

// Source returns the text to compile for one of the files, such as "gemv":
// everything it needs. GRID_CONSTANT must be defined as __grid_constant__, or
// as nothing for compilers that lack it.
func Source(file string, t Types) (string, error) {
	text, err := files.ReadFile(file + ".cu")
	if err != nil {
		return "", fmt.Errorf("shaders: no file %q", file)
	}
	var b strings.Builder
	for _, d := range []struct{ name, dtype string }{{"TYPE_A", t.A}, {"TYPE_B", t.B}, {"TYPE_C", t.C}} {
		code, ok := codes[d.dtype]
		if !ok {
			return "", fmt.Errorf("shaders: type %q; allowed are f32, f16, bf16", d.dtype)
		}
		fmt.Fprintf(&b, "#define %s %d\n", d.name, code)
	}
	fmt.Fprintf(&b, "#line 1 %q\n%s", "arguments.h", shaders.Header)
	for _, name := range before(file, t) {
		fmt.Fprintf(&b, "#line 1 %q\n%s", name, mustRead(name))
	}
	fmt.Fprintf(&b, "#line 1 %q\n%s", file+".cu", text)
	return b.String(), nil
}

// TensorCores reports whether products of the types are made by tensor cores,
// as tensor.cu has it.
func TensorCores(t Types) bool { return t.A == t.B && t.A != "f32" }

// Hopper reports whether a file is for GPUs of the architecture sm_90a alone,
// and for products of tensor cores.
func Hopper(file string) bool { return strings.HasSuffix(file, "_hopper") }

// Clusters reports whether a file is for GPUs with clusters of blocks, of compute
// capability 9.0, and for products of multiply-adds.
func Clusters(file string) bool { return file == "smalln_clusters" }

// before names what a file needs before it.
func before(file string, t Types) []string {
	switch {
	case file == "gemv":
		return []string{"prelude.cu", "strands.cu"}
	case file == "mlx":
		return []string{"prelude.cu", "tiles.cu"}
	case Hopper(file):
		return []string{"prelude.cu", "wgmma.cu", "bulk.cu", "hopper.cu"}
	case Clusters(file):
		return []string{
			"prelude.cu", "tensor.cu", "strands.cu", "stretches.cu", "lines.cu", "strand_tile.cu", "strand_tiles.cu", "copies.cu", "bulk.cu",
			"strand_clusters.cu", "mapped_tile.cu", "mapped_tiles.cu", "smalln.cu",
		}
	case file == "smalln" && !TensorCores(t):
		return []string{"prelude.cu", "tensor.cu", "strands.cu", "stretches.cu", "lines.cu", "strand_tile.cu", "strand_tiles.cu"}
	case file == "simd" && t.A == "f32" && t.B == "f32":
		return []string{"prelude.cu", "tensor.cu", "copies.cu", "panels.cu", "panel_tiles.cu"}
	case file == "simd" && !TensorCores(t):
		return []string{"prelude.cu", "tensor.cu", "tiles.cu"}
	case file == "smalln", file == "simd":
		return []string{"prelude.cu", "tensor.cu"}
	case strings.HasPrefix(file, "softmax_"):
		return []string{"prelude.cu", "rows.cu"}
	}
	return []string{"prelude.cu"}
}

// codes are the values of TYPE_F32 and so on.
var codes = map[string]int{"f32": 1, "f16": 2, "bf16": 3}

func mustRead(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}
