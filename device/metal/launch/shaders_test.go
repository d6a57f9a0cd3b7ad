package launch_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// needClang skips a test, loudly, where shaders cannot be compiled.
func needClang(t testing.TB) {
	if _, err := msl.FindCompiler(); err != nil {
		require.Empty(t, os.Getenv("REQUIRE_CLANG"), err)
		t.Skipf("NOT TESTED: shaders: %v", err)
	}
}

// onceUnderRace leaves a test out of runs with Go's race detector, which has
// nothing to look for in shaders: it is run without.
func onceUnderRace(t testing.TB) {
	if race {
		t.Skip("NOT REPEATED with -race: this is about shaders; run it without")
	}
}

// shaded are the rows of the catalog that have a shader of ours.
func shaded() (rows kernels.Catalog) {
	for _, row := range kernels.Default {
		if _, err := launch.Compile(kernels.Key{Kernel: row.Name, A: tensor.F32, B: tensor.F32, C: tensor.F32}); err == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// Every shader, in every order of its threads, against float64.
func TestShaders(t *testing.T) {
	libraries := libraries(t)
	schedules := []msl.Schedule{msl.Random(1), msl.Forward, msl.Reverse}
	if race {
		schedules = schedules[:1]
		t.Log("NOT REPEATED with -race: other schedules")
	}
	for _, s := range schedules {
		r := &rig{programs: libraries, schedule: s}
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			kerneltest.Exercise(t, r.implementation(apple, shaded()))
		})
	}
}

// Shaders that can do without reductions across a SIMD group.
func TestShadersWithoutReductions(t *testing.T) {
	onceUnderRace(t)
	libraries, caps := libraries(t), apple
	caps.SIMDReduction = false
	var rows kernels.Catalog
	for _, row := range shaded() {
		switch row.Family {
		case kernels.FamilySmallN, kernels.FamilyVec, kernels.FamilyBlock:
			rows = append(rows, row)
		case kernels.FamilyGEMV, kernels.FamilySIMD, kernels.FamilyMLX, kernels.FamilyMPS, kernels.FamilyLegacy, kernels.FamilyChain:
		}
	}
	for _, s := range []msl.Schedule{msl.Forward, msl.Random(2)} {
		r := &rig{programs: libraries, schedule: s}
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			kerneltest.Exercise(t, r.implementation(caps, rows))
		})
	}
}

// Races between the threads of a threadgroup, and accesses out of bounds.
func TestShadersSanitized(t *testing.T) {
	onceUnderRace(t)
	for _, s := range []msl.Sanitizer{msl.Thread, msl.Address} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := &rig{programs: sanitized(t, s), schedule: msl.Random(3)}
			for _, row := range shaded() {
				// How memory is walked does not depend on more than the size.
				row.Types, row.Mixed = []tensor.DType{tensor.F32, tensor.F16}, false
				require.NoError(t, kerneltest.Hunt(r.implementation(apple, nil), &row, 1, r.ran), row.Name)
			}
		})
	}
}

// Address spaces, which the other tests do not see: a pointer to device memory
// is none to threadgroup memory.
func TestShadersLint(t *testing.T) {
	onceUnderRace(t)
	needClang(t)
	seen := map[string]bool{}
	for _, row := range shaded() {
		for _, dt := range row.Types {
			k, err := launch.Compile(kernels.Key{Kernel: row.Name, A: dt, B: dt, C: dt})
			require.NoError(t, err)
			if seen[k.Source] {
				continue // several kernels in one file
			}
			seen[k.Source] = true
			t.Run(row.Name+" "+dt.String(), func(t *testing.T) {
				t.Parallel()
				require.NoError(t, msl.Lint(t.Context(), k.Source))
			})
		}
	}
	for _, dt := range tensor.DTypes {
		k, err := launch.CopyKernel(dt)
		require.NoError(t, err)
		require.NoError(t, msl.Lint(t.Context(), k.Source))
	}
}

// TestEveryRowHasAShader: a kernel that the catalog promises and Metal lacks
// would only be missed when it is chosen.
func TestEveryRowHasAShader(t *testing.T) {
	rows := len(shaded())
	for _, row := range kernels.Default {
		if !row.NeedsVendor {
			rows--
		}
	}
	require.Zero(t, rows)
}
