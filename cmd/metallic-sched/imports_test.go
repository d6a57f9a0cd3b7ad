package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/metallic-sched/metallic-sched"

// rule says which other packages go with those that pattern matches. "x/..."
// is x and all below it.
type rule struct {
	pattern string
	others  []string
}

// imports say which of our packages each of our packages may import, outside
// its tests. The first row that matches a package counts; one without a row is
// an error.
var imports = []rule{
	{"kernels/tensor", nil},
	{"shaders", nil},
	{"shaders/...", []string{"shaders"}},
	{"metrics", nil},
	{"metrics/dashboard", []string{"metrics"}},
	{"kernels/cpu", []string{"kernels/tensor"}},
	{"kernels/cpu/peak", nil},
	{"kernels/reference", []string{"kernels/tensor"}},
	{"kernels/kerneltest", []string{"kernels", "kernels/tensor"}},
	{"kernels", []string{"kernels/tensor"}},
	{"device", []string{"kernels", "kernels/tensor"}},
	{"device/cpu", []string{"device", "kernels", "kernels/tensor", "kernels/cpu", "device/cpu/blas"}},
	{"device/cpu/blas", []string{"device/dynlib"}},
	{"device/dynlib", nil},
	{"device/cpu/blas/blastest", []string{"device/cpu/blas"}},
	{"device/gpu", []string{"device", "kernels", "kernels/tensor", "shaders"}},
	{"device/metal/...", []string{"device", "device/gpu", "device/metal/...", "device/dynlib", "kernels", "kernels/tensor", "shaders/..."}},
	{"device/cuda/...", []string{"device", "device/gpu", "device/cuda/...", "device/dynlib", "kernels", "kernels/tensor", "shaders/..."}},
	{"device/sim", []string{"device", "kernels", "kernels/tensor"}},
	{"device/devicetest", []string{"device", "kernels", "kernels/tensor", "kernels/kerneltest"}},
	{"device/discover", []string{"device/..."}},
	{"scheduler/job", []string{"kernels", "kernels/tensor"}},
	{"scheduler/policy", []string{"kernels", "kernels/tensor", "scheduler/job"}},
	// It names the machine: the processor and what kernels make of it.
	{"scheduler/profile", []string{"device", "device/cpu", "kernels/cpu", "scheduler/policy"}},
	{"actors/...", []string{"device", "kernels", "kernels/tensor", "metrics", "scheduler/job", "scheduler/policy", "actors/..."}},
	// The server also tells what the device and selection say, in their own words:
	// decisions, preferences, an operand that does not fit.
	{"scheduler/rpc/server", []string{
		"scheduler", "scheduler/job", "scheduler/policy", "kernels/tensor", "device", "metrics", "scheduler/rpc/...",
	}},
	{"scheduler/fleet", []string{
		"scheduler", "scheduler/job", "scheduler/policy", "kernels", "kernels/tensor", "device", "device/discover", "metrics",
	}},
	// A client says in the words of package device that memory is gone.
	{"scheduler/rpc", []string{"device", "scheduler/job", "kernels/tensor", "scheduler/rpc/..."}},
	{"scheduler/rpc/...", []string{"scheduler/job", "kernels/tensor", "scheduler/rpc/..."}},
	{"scheduler/loadtest/...", []string{"scheduler/job", "kernels/reference", "kernels/tensor", "scheduler/loadtest/..."}},
	{"scheduler/suite", []string{
		"device", "kernels", "kernels/reference", "kernels/tensor", "metrics", "scheduler", "scheduler/job", "scheduler/loadtest", "scheduler/policy",
	}},
	{"scheduler", []string{
		"actors", "device", "device/discover", "kernels", "kernels/tensor", "metrics", "scheduler/job", "scheduler/policy",
		"scheduler/profile",
	}},
	{"bench", []string{"..."}},
	{"bench/cuda", nil}, // it runs tests and benchmarks of others
	{"cmd/metallic-sched/ab", []string{"scheduler/loadtest/show"}}, // it compares programs of whatever kind
	{"cmd/...", []string{"..."}},
}

// owners say who alone may import a package that is not ours.
var owners = []rule{
	{"github.com/asynkron/protoactor-go/...", []string{"actors/..."}},
	{"github.com/ebitengine/purego/...", []string{"device/...", "bench"}},
	{"github.com/caarlos0/env/...", []string{"scheduler", "cmd/..."}},
	{"github.com/VictoriaMetrics/metrics/...", []string{"metrics/..."}},
	{"testing/...", []string{"kernels/kerneltest", "device/devicetest", "device/cpu/blas/blastest", "cmd/metallic-sched/selftest"}},
	{"github.com/stretchr/testify/...", []string{"kernels/kerneltest", "device/devicetest"}},
	{"C", nil}, // cgo
}

// pure packages take clock, load and environment as arguments. They may have
// runtime/debug, for the stack of a panic.
var pure = []string{"kernels", "kernels/tensor", "scheduler/job", "scheduler/policy"}

var (
	impureImports = []string{"os/...", "net/...", "log/...", "math/rand/...", "runtime", "syscall"}
	clockReaders  = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	vagueNames    = []string{"util", "utils", "common", "types", "models", "helpers"}
)

func TestImports(t *testing.T) {
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64"} {
		pkgs := packages(t, platform)
		require.Greater(t, len(pkgs), 10)
		require.Empty(t, violations(pkgs), platform)
	}
}

func TestPurePackagesReadNoClock(t *testing.T) {
	checked := 0
	for _, p := range packages(t, "linux/amd64") {
		if !slices.Contains(pure, p.ImportPath) {
			continue
		}
		checked++
		for _, file := range p.GoFiles {
			found, err := clockReads(filepath.Join(p.Dir, file), nil)
			require.NoError(t, err)
			require.Empty(t, found)
		}
	}
	require.Equal(t, len(pure), checked)
}

// packages reads the packages of this module. It reads them itself, not
// through the go command, so that go test knows when its cached result is old.
func packages(t *testing.T, platform string) []*build.Package {
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, _ = strings.Cut(platform, "/")
	ctx.CgoEnabled = false
	var pkgs []*build.Package
	root := filepath.Join("..", "..")
	require.NoError(t, filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if dir != root && outside(dir) {
			return filepath.SkipDir
		}
		p, err := ctx.ImportDir(dir, 0)
		if noGo := (*build.NoGoError)(nil); errors.As(err, &noGo) {
			return nil
		}
		p.ImportPath, _ = filepath.Rel(root, dir)
		pkgs = append(pkgs, p)
		return err
	}))
	return pkgs
}

// outside reports whether a directory belongs to no package of this module.
func outside(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	name := filepath.Base(dir)
	return err == nil || name[0] == '.' || name[0] == '_' || name == "testdata"
}

// violations returns a line for every rule that pkgs, which are named from the
// root of the module, break.
func violations(pkgs []*build.Package) []string {
	var out []string
	for _, p := range pkgs {
		for part := range strings.SplitSeq(p.ImportPath, "/") {
			if slices.Contains(vagueNames, part) {
				out = append(out, fmt.Sprintf("%s: %q says nothing", p.ImportPath, part))
			}
		}
		row := slices.IndexFunc(imports, func(r rule) bool { return match(r.pattern, p.ImportPath) })
		if row < 0 {
			out = append(out, p.ImportPath+": has no row in the table of imports")
			continue
		}
		for _, imported := range p.Imports {
			if why := forbidden(p.ImportPath, imported, imports[row].others); why != "" {
				out = append(out, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, why))
			}
		}
	}
	return out
}

// forbidden returns why a package must not import another, or "". allowed are
// the packages of ours that it may.
func forbidden(importer, imported string, allowed []string) string {
	if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
		if !matchAny(allowed, ours) {
			return fmt.Sprintf("of ours it may import %q", allowed)
		}
		return ""
	}
	for _, o := range owners {
		if match(o.pattern, imported) && !matchAny(o.others, importer) {
			return fmt.Sprintf("left to %q", o.others)
		}
	}
	if slices.Contains(pure, importer) && matchAny(impureImports, imported) {
		return "it must be pure"
	}
	return ""
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, name) })
}

func match(pattern, name string) bool {
	root, tree := strings.CutSuffix(pattern, "...")
	if !tree {
		return pattern == name
	}
	return strings.HasPrefix(name+"/", root)
}

// clockReads returns where a file uses the clock. src may be nil, as for
// parser.ParseFile.
func clockReads(path string, src any) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clockReaders, s.Sel.Name) {
				found = append(found, fmt.Sprintf("%s: time.%s", files.Position(s.Pos()), s.Sel.Name))
			}
		}
		return true
	})
	return found, nil
}

// The checker finds what it is for.
func TestViolations(t *testing.T) {
	for _, c := range []struct {
		importer, imported, want string // want is "" when the import is allowed
	}{
		{"kernels/tensor", "unsafe", ""},
		{"kernels/tensor", module + "/kernels", "may import []"},
		{"metrics", module + "/kernels/tensor", "may import []"},
		{"metrics", "os", ""},
		{"kernels/cpu", module + "/kernels/tensor", ""},
		{"kernels/cpu", module + "/kernels", "may import"},
		{"device", module + "/device/cpu", "may import"},
		{"device/cpu", module + "/device/sim", "may import"},
		{"device/discover", module + "/device/cpu", ""},
		{"device/discover", module + "/device/cuda", ""},
		{"device/cuda", "github.com/ebitengine/purego", ""},
		{"kernels/cpu", "github.com/ebitengine/purego", "left to"},
		{"actors", "github.com/asynkron/protoactor-go/actor", ""},
		{"actors", module + "/device/cpu", "may import"},
		{"scheduler", "github.com/asynkron/protoactor-go/actor", "left to"},
		{"scheduler", module + "/device/discover", ""},
		{"scheduler", module + "/device/sim", "may import"},
		{"scheduler/policy", module + "/scheduler/job", ""},
		{"scheduler/policy", module + "/device", "may import"},
		{"scheduler/policy", "os", "must be pure"},
		{"scheduler/policy", "math/rand/v2", "must be pure"},
		{"scheduler/policy", "time", ""},
		{"scheduler/job", module + "/scheduler/policy", "may import"},
		{"scheduler/job", module + "/actors", "may import"},
		{"device/sim", "testing", "left to"},
		{"device/devicetest", "testing", ""},
		{"cmd/metallic-sched/selftest", "testing", ""},
		{"cmd/metallic-sched", "testing", "left to"},
		{"cmd/metallic-sched/ab", module + "/scheduler", "may import"},
		{"device/cpu", "C", "left to"},
		{"cmd/metallic-sched", module + "/actors", ""},
		{"cmd/metallic-sched", "github.com/asynkron/protoactor-go/actor", "left to"},
		{"scheduler/rpc", module + "/scheduler", "may import"}, // a client needs no scheduler
		{"scheduler/rpc/server", module + "/scheduler", ""},
		{"scheduler/rpc/server", module + "/actors", "may import"},
		{"scheduler/queue", "fmt", "no row"},
		{"kernels/common", "fmt", `"common" says nothing`},
		{"cmd/metallic-sched/util", "fmt", `"util" says nothing`},
	} {
		got := strings.Join(violations([]*build.Package{{ImportPath: c.importer, Imports: []string{c.imported}}}), "\n")
		if c.want == "" {
			require.Empty(t, got)
		} else {
			require.Contains(t, got, c.importer)
			require.Contains(t, got, c.want)
		}
	}
}

func TestClockReads(t *testing.T) {
	found, err := clockReads("x.go", "package x\n\nvar a = time.Second\n\nvar b = time.Now()\n\nfunc f() { <-time.After(a) }\n")
	require.NoError(t, err)
	require.Equal(t, []string{"x.go:5:9: time.Now", "x.go:7:14: time.After"}, found)
}
