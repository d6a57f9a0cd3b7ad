//go:build linux && (amd64 || arm64)

package cuda

import (
	"os"
	"path/filepath"
	"testing"

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
