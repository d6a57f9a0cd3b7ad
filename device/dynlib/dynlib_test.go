//go:build darwin || linux

package dynlib_test

import (
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/ebitengine/purego"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// Errors name what is missing, also when many goroutines change threads meanwhile.
func TestErrorsSayWhatIsMissing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no.so")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				_, err := dynlib.Open(missing)
				assert.ErrorContains(t, err, missing)
				_, err = dynlib.Symbol(purego.RTLD_DEFAULT, "no_such_symbol")
				assert.ErrorContains(t, err, "no_such_symbol")
				runtime.Gosched()
			}
		})
	}
	all.Wait()
}

func TestSymbol(t *testing.T) {
	name := map[string]string{"linux": "libc.so.6", "darwin": "/usr/lib/libSystem.B.dylib"}[runtime.GOOS]
	libc, err := dynlib.Open(name)
	require.NoError(t, err)
	address, err := dynlib.Symbol(libc, "getpid")
	require.NoError(t, err)
	require.NotZero(t, address)
}
