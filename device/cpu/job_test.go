package cpu

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// counting is work that counts how often each block is computed.
type counting struct {
	blocks []atomic.Int32
	panics any // what block 3 panics with
}

func (c *counting) kernel() string { return "counting" }
func (c *counting) split(int) int  { return len(c.blocks) }
func (c *counting) compute(_ *cpu.Scratch, block int) {
	if c.blocks[block].Add(1); c.panics != nil && block == 3 {
		panic(c.panics)
	}
}

// TestPoolComputesEveryBlockOnce runs jobs of all sizes on a pool, one after
// another: none is lost, none is late.
func TestPoolComputesEveryBlockOnce(t *testing.T) {
	p := newPool(3)
	defer p.close()
	j := &job{idle: make(chan struct{}, 1)}
	scratch := new(cpu.Scratch)
	for round := range 300 {
		works := []*counting{
			{blocks: make([]atomic.Int32, round%5)}, {blocks: make([]atomic.Int32, round%7)}, {blocks: make([]atomic.Int32, round)},
		}
		j.reset()
		for _, w := range works {
			j.add(w, w.split(4))
		}
		p.run(j, scratch, 4)
		require.Nil(t, j.failed.Load())
		for _, w := range works {
			for i := range w.blocks {
				require.EqualValues(t, 1, w.blocks[i].Load())
			}
		}
	}
}

// TestPoolSurvivesPanics lets a block panic: the job ends with the cause, and
// the pool computes the next job.
func TestPoolSurvivesPanics(t *testing.T) {
	p := newPool(3)
	defer p.close()
	j := &job{idle: make(chan struct{}, 1)}
	scratch := new(cpu.Scratch)
	boom := errors.New("boom")
	for round := range 100 {
		w := &counting{blocks: make([]atomic.Int32, 50)}
		if round%2 == 0 {
			w.panics = boom
		}
		j.reset()
		j.add(w, w.split(4))
		p.run(j, scratch, 4)
		if failed := j.failed.Load(); round%2 == 0 {
			require.NotNil(t, failed)
			require.Equal(t, "counting", failed.Kernel)
			require.ErrorIs(t, failed, boom)
		} else {
			require.Nil(t, failed)
		}
	}
}
