//go:build linux && (amd64 || arm64)

package cuda

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// Whoever comes first, the numbers pass in order and one at a time.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrder()
		var passed []uint64
		var all sync.WaitGroup
		for number := uint64(carriers - 1); number > 0; number-- {
			all.Go(func() {
				for n := number; n < 10*carriers; n += carriers {
					o.await(n)
					passed = append(passed, n) // the race detector looks on
					o.pass()
				}
			})
			synctest.Wait()
			require.Empty(t, passed, "nobody passes before the first")
		}
		for n := uint64(0); n < 10*carriers; n += carriers {
			o.await(n)
			passed = append(passed, n)
			o.pass()
		}
		all.Wait()
		for i, n := range passed {
			require.EqualValues(t, i, n)
		}
		require.Len(t, passed, 10*carriers)
	})
}
