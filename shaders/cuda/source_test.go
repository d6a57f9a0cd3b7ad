package cuda_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// legal are the type triples of the catalog.
var legal = []cuda.Types{
	{A: "f32", B: "f32", C: "f32"},
	{A: "f16", B: "f16", C: "f16"},
	{A: "bf16", B: "bf16", C: "bf16"},
	{A: "f16", B: "f16", C: "f32"},
	{A: "bf16", B: "bf16", C: "f32"},
	{A: "f16", B: "f32", C: "f32"},
	{A: "bf16", B: "f32", C: "f32"},
}

// chained are triples of an attention's values, with kernels that get them.
var chained = map[string]cuda.Types{
	"gemv":   {A: "f32", B: "f16", C: "f16"},
	"smalln": {A: "f16", B: "f32", C: "f16"},
	"simd":   {A: "f32", B: "f16", C: "f16"},
	"mlx":    {A: "f32", B: "bf16", C: "f32"},
}

// TestSourcesCompile compiles every source to PTX: for every type for an H100,
// and on both ways of a product for the oldest architecture that they are for.
func TestSourcesCompile(t *testing.T) {
	if race {
		t.Skip("NOT REPEATED with -race: this is about shaders; run it without")
	}
	compiler, err := exec.LookPath("clang-19")
	if err != nil {
		const missing = "NOT TESTED: the CUDA sources: no clang-19; apt-get install clang-19"
		if os.Getenv("REQUIRE_CLANG") != "" {
			t.Fatal("REQUIRE_CLANG is set: " + missing)
		}
		t.Skip(missing)
	}
	for arch, all := range map[string][]cuda.Types{"sm_80": legal[:2], "sm_90a": legal} {
		for _, file := range append(cuda.Files(), cuda.Probe) {
			all := slices.Clone(all)
			if types, ok := chained[file]; ok && arch == "sm_90a" {
				all = append(all, types)
			}
			for _, types := range all {
				if cuda.Hopper(file) && (arch != "sm_90a" || !cuda.TensorCores(types)) {
					continue
				}
				if cuda.Clusters(file) && (arch != "sm_90a" || cuda.TensorCores(types)) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s-%s-%s", arch, file, types.A, types.B, types.C), func(t *testing.T) {
					t.Parallel()
					compile(t, compiler, arch, file, types)
				})
			}
		}
	}
}

func compile(t *testing.T, compiler, arch, file string, types cuda.Types) {
	text, err := cuda.Source(file, types)
	require.NoError(t, err)
	source := filepath.Join(t.TempDir(), file+".cu")
	require.NoError(t, os.WriteFile(source, []byte(text), 0o600))
	out, err := exec.Command(compiler, "-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch="+arch, "-S", "-O0", "-std=c++17",
		"-nocudainc", "-nocudalib", "--cuda-feature=+ptx78", "-Wno-unknown-cuda-version", "-Wno-pass-failed", "-Werror", "-Wall", "-Wno-unused-function",
		"-Wno-unused-const-variable", "-include", "testdata/clang.h", "-o", os.DevNull, source).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestSourceRefusesWhatIsNotThere(t *testing.T) {
	_, err := cuda.Source("nonesuch", legal[0])
	require.ErrorContains(t, err, "nonesuch")
	_, err = cuda.Source("gemv", cuda.Types{A: "f64", B: "f32", C: "f32"})
	require.ErrorContains(t, err, "allowed are f32, f16, bf16")
}
