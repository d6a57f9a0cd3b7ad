package msl

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCompileError(t *testing.T) {
	needCompiler(t)
	for source, want := range map[string]string{
		kernelOf("out[0] = undeclared;"):                       `^shader.metal:4:10: error: use of undeclared identifier 'undeclared'`,
		kernelOf("#define A 1\n\n\nout[0] = A +;"):             `^shader.metal:7:13: error: expected expression`,
		kernelOf("out[0] = max(1.0f, 2);"):                     `shader.metal:4:10: error: no matching function for call to 'max'`,
		kernelOf("#include <vector>"):                          `^shader.metal:4:10: fatal error: 'vector' file not found`,
		kernelOf("#error no\n"):                                `^shader.metal:4:2: error: no`,
		kernelOf("float2 v = float2(1.0f, 2.0f, 3.0f);"):       `parts do not add up to the vector's length(?s:.*)shader.metal:4:`,
		kernelOf("simdgroup_matrix<float, 4, 4> m;"):           `a simdgroup_matrix is 8x8(?s:.*)shader.metal:4:`,
		kernelOf("threadgroup_barrier();"):                     `shader.metal:4:1: error: no matching function`,
		header + "kernel void f(device half* p [[buffer(0)]])": `^shader.metal:5:1: error: expected function body`,
	} {
		_, err := Build(context.Background(), source, Options{})
		var e *CompileError
		require.ErrorAs(t, err, &e, source)
		require.Regexp(t, want, e.Text)
		require.ErrorContains(t, err, "msl: compilation failed:\n")
		require.NotContains(t, e.Text, "building-")
		require.Less(t, len(e.Text), 1500)
	}
}

// oneCompiler counts how often the compiler runs, through a script before it.
func countingCompiler(t *testing.T) (count func() int) {
	t.Helper()
	needCompiler(t)
	real, err := FindCompiler()
	require.NoError(t, err)
	directory := t.TempDir()
	script, log := filepath.Join(directory, "clang++"), filepath.Join(directory, "log")
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] || echo >>%s\nexec %s \"$@\"\n", log, real)
	require.NoError(t, os.WriteFile(script, []byte(text), 0o755))
	t.Setenv(compilerVariable, script)
	t.Setenv(cacheVariable, filepath.Join(directory, "cache"))
	return func() int {
		b, _ := os.ReadFile(log)
		return len(b)
	}
}

func TestCache(t *testing.T) {
	count := countingCompiler(t)
	build := func(source string, o Options) string {
		path, err := Build(context.Background(), source, o)
		require.NoError(t, err)
		return path
	}
	first := build(writeSource, Options{})
	require.Equal(t, 2, count()) // to preprocess, to compile
	require.Equal(t, first, build(writeSource, Options{}))
	require.Equal(t, 2, count())
	// Anything else is another result.
	require.NotEqual(t, first, build(writeSource+"\n", Options{}))
	require.NotEqual(t, first, build(writeSource, Options{Executable: true}))
	require.Equal(t, 6, count())
	// Nothing is kept of a failure, and no result is left half made.
	_, err := Build(context.Background(), "error", Options{})
	require.Error(t, err)
	files, err := os.ReadDir(filepath.Dir(first))
	require.NoError(t, err)
	require.Len(t, files, 3)
}

func TestPrune(t *testing.T) {
	count := countingCompiler(t)
	old, err := Build(context.Background(), writeSource, Options{})
	require.NoError(t, err)
	stale := time.Now().Add(-keptFor - time.Hour)
	abandoned := filepath.Join(filepath.Dir(old), "building-x")
	require.NoError(t, os.Mkdir(abandoned, 0o755))
	require.NoError(t, os.Chtimes(abandoned, stale, stale))
	require.NoError(t, os.Chtimes(old, stale, stale))

	_, err = Build(context.Background(), writeSource, Options{}) // use makes it young
	require.NoError(t, err)
	_, err = Build(context.Background(), writeSource+"\n", Options{})
	require.NoError(t, err)
	require.Equal(t, 4, count())
	require.FileExists(t, old)
	require.NoDirExists(t, abandoned)

	require.NoError(t, os.Chtimes(old, stale, stale))
	_, err = Build(context.Background(), writeSource+"\n\n", Options{})
	require.NoError(t, err)
	require.NoFileExists(t, old)
}

// What makes a result is part of its name; what does not is listed here.
func TestKeyCoversTranslator(t *testing.T) {
	others := []string{
		"block.go", "cache.go", "compiler.go", "doc.go", "error.go", "job.go", "kernel.go", "library.go", "library_other.go",
		"lint.go", "process.go", "sanitize.go", "symbols.go",
	}
	covered, err := fs.Glob(translator, "*.go")
	require.NoError(t, err)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	require.ElementsMatch(t, files, append(covered, others...))
}

func TestBuildCancelled(t *testing.T) {
	countingCompiler(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Build(ctx, writeSource, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestSanitizerNeedsExecutable(t *testing.T) {
	_, err := Build(context.Background(), writeSource, Options{Sanitizer: Address})
	require.ErrorContains(t, err, "the address sanitizer needs an executable")
}

// builder is set in processes that TestBuildAtOnce starts.
const builder = "MSL_TEST_BUILDER"

func TestMain(m *testing.M) {
	if os.Getenv(builder) != "" {
		path, err := Build(context.Background(), writeSource, Options{})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Print(path)
		return
	}
	os.Exit(m.Run())
}

func TestBuildAtOnce(t *testing.T) {
	countingCompiler(t)
	self, err := os.Executable()
	require.NoError(t, err)
	const n = 2
	var paths [n]string
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), builder+"=1")
			out, _ := cmd.CombinedOutput()
			paths[i] = string(out)
		})
	}
	group.Wait()
	require.True(t, strings.HasSuffix(paths[0], ".so"), paths[0])
	require.Equal(t, paths[0], paths[1])
	l, err := Open(paths[0])
	require.NoError(t, err)
	require.NoError(t, l.Close())
	files, err := os.ReadDir(filepath.Dir(paths[0]))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

func TestFindCompiler(t *testing.T) {
	script := filepath.Join(t.TempDir(), "clang++")
	for version, want := range map[string]string{
		"Ubuntu clang version 16.0.6": "is clang 16; 17 is the oldest",
		"gcc 13":                      `is no clang but "gcc 13"; install clang 19`,
	} {
		require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\necho "+version+"\n"), 0o755))
		t.Setenv(compilerVariable, script)
		_, err := FindCompiler()
		require.ErrorContains(t, err, want)
	}
	t.Setenv(compilerVariable, script+"-missing")
	_, err := FindCompiler()
	require.ErrorContains(t, err, "apt-get install clang-19")
	require.ErrorIs(t, err, os.ErrNotExist)
}
