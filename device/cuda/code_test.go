//go:build linux && (amd64 || arm64)

package cuda

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMachineCodeIsKept(t *testing.T) {
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	file := filepath.Join(cacheDirectory(), "x.cubin")
	_, ok := cached(file)
	require.False(t, ok)
	keep(file, []byte("code"))
	code, ok := cached(file)
	require.True(t, ok)
	require.Equal(t, "code", string(code))

	require.NoError(t, os.WriteFile(file, []byte("code, but half of it is lost, so that its hash is wrong"), 0o600))
	_, ok = cached(file)
	require.False(t, ok, "a damaged file is compiled again")
	keep("/proc/nowhere/x.cubin", nil) // without a place it is not kept, and that is all
}

// What a process left that was killed while it wrote is removed when it is old:
// another may be writing what is not.
func TestSweep(t *testing.T) {
	directory := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{"new-1": stale + time.Minute, "new-2": stale - time.Minute, "x.cubin": 100 * stale} {
		file := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
		require.NoError(t, os.Chtimes(file, now.Add(-age), now.Add(-age)))
	}
	sweep(directory, now)
	left, err := os.ReadDir(directory)
	require.NoError(t, err)
	require.Len(t, left, 2)
	require.Equal(t, "new-2", left[0].Name())
	require.Equal(t, "x.cubin", left[1].Name())
	sweep("/nowhere", now)
}
