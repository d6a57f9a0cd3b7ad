// Package metal holds the Metal Shading Language sources of the kernels. The
// entry point of each has the name of its row in the catalog.
package metal

import (
	"embed"
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/shaders"
)

//go:embed *.metal
var files embed.FS

// Types are the element types that a source is compiled for, as the catalog
// writes them: f32, f16, bf16. Softmax reads A and writes C; copies use A.
type Types struct{ A, B, C string }

// Source returns the text to compile for one of the files, such as "gemv":
// everything it needs, since Metal compiles at run time from a single text.
func Source(file string, t Types) (string, error) {
	text, err := files.ReadFile(file + ".metal")
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
	for _, name := range before(file) {
		fmt.Fprintf(&b, "#line 1 %q\n%s", name, mustRead(name))
	}
	fmt.Fprintf(&b, "#line 1 %q\n%s", file+".metal", text)
	return b.String(), nil
}

// before names what a file needs before it.
func before(file string) []string {
	switch {
	case file == "gemv" || file == "smalln":
		return []string{"arguments.metal", "epilogue.metal", "strands.metal"}
	case strings.HasPrefix(file, "softmax_"):
		return []string{"arguments.metal", "epilogue.metal", "rows.metal", "team.metal"}
	case file == "simd" || file == "mlx":
		return []string{"arguments.metal", "epilogue.metal", "tiles.metal"}
	}
	return []string{"arguments.metal", "epilogue.metal"}
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
