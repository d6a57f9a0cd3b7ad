package fleet

import (
	"runtime"
	"testing"
	"testing/synctest"
)

// Bubble runs f on a virtual clock. Channels that pools keep must not go in or
// out of it; two collections empty every pool.
func Bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	empty := func() { runtime.GC(); runtime.GC() }
	empty()
	synctest.Test(t, f)
	empty()
}
