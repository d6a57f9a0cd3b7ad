//go:build linux

package metalsim

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// The library is built once for its content, whole or not at all.
func TestBuildIsCached(t *testing.T) {
	load(t)
	first, err := Build(context.Background())
	require.NoError(t, err)
	before, err := os.Stat(first)
	require.NoError(t, err)
	second, err := Build(context.Background())
	require.NoError(t, err)
	require.Equal(t, first, second)
	after, err := os.Stat(second)
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime())
	left, err := filepath.Glob(filepath.Join(filepath.Dir(first), "metalsim-build-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestBuildSaysWhatIsMissing(t *testing.T) {
	t.Setenv("METALLIC_CLANG", "no-such-compiler")
	_, err := Build(context.Background())
	require.ErrorContains(t, err, "metalsim: ")
	require.ErrorContains(t, err, "apt-get install clang-19")
}

func TestBuildCanBeCancelled(t *testing.T) {
	load(t)
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Build(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// The library handles page faults of kernels, and leaves those of Go to Go.
func TestGoKeepsItsPageFaults(t *testing.T) {
	p := start(t)
	p.runtime.Pool(func() {
		require.Empty(t, p.run(p.encodeSteps([]objc.ID{p.buffer(128), p.buffer(128)}, []step{{0, 0, 1, 0}})))
	})
	var nothing *int
	require.PanicsWithError(t, "runtime error: invalid memory address or nil pointer dereference", func() { *nothing = 1 })
}
