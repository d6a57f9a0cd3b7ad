package cpu

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// TestOthersRunMeanwhile multiplies large matrices while another goroutine asks
// for the one processor, and then on all processors, while the garbage
// collector stops the world. Go cannot preempt assembly: one call that computed
// all of its part would let neither through before it ends. Turns are counted,
// not timed, as other programs share the machine.
func TestOthersRunMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED with -short: takes some seconds; run it without")
	}
	if !cpu.HasPanels() {
		t.Skip("NOT TESTED: there is no assembly here; run it on amd64 with AVX2, without -tags noasm")
	}
	const size = 4096
	d := open(t, runtime.GOMAXPROCS(0))
	q := newQueueOf(t, d)
	dispatch := largeProduct(t, d, kernels.Shape{Batch: 1, M: size, N: size, K: size})
	product := newCommitter(t, q, device.Stage{Dispatches: []device.Dispatch{dispatch}})
	require.NoError(t, product.run())

	all := runtime.GOMAXPROCS(1)
	turns := countDuring(t, product, runtime.Gosched)
	runtime.GOMAXPROCS(all)
	const perTurn = 1 << 28 // multiplications: some milliseconds of one processor
	assert.GreaterOrEqual(t, turns, size*size*size/perTurn, "turns taken by another goroutine")

	assert.GreaterOrEqual(t, countDuring(t, product, runtime.GC), 4, "garbage collections")
}

// countDuring returns how many calls of step, one after the other, come to
// their end while the product is computed.
func countDuring(t *testing.T, product *committer, step func()) int {
	ended, total := make(chan struct{}), make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-ended:
				total <- n
				return
			default:
				step()
			}
		}
	}()
	err := product.run()
	close(ended)
	require.NoError(t, err)
	n := <-total
	t.Logf("%d meanwhile", n)
	return n
}
