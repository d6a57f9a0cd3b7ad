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

// TestPhases: a part that waits starts when every block before is done, with
// any number of threads.
func TestPhases(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 7, 16, 64} {
		p := newPool(threads - 1)
		j := &job{idle: make(chan struct{}, 1)}
		scratch := new(cpu.Scratch)
		for range 30 {
			first := &counting{blocks: make([]atomic.Int32, 40)}
			second := &following{counting: counting{blocks: make([]atomic.Int32, 40)}, first: first}
			third := &following{counting: counting{blocks: make([]atomic.Int32, 3)}, first: &second.counting}
			j.reset()
			j.add(first, 40)
			j.then(second, 40)
			j.then(third, 3)
			p.run(j, scratch, threads)
			require.Nil(t, j.failed.Load(), "%d threads", threads)
			for i := range third.blocks {
				require.EqualValues(t, 1, third.blocks[i].Load())
			}
		}
		p.close()
	}
}

// following is work that must not start before another is done.
type following struct {
	counting
	first *counting
}

func (f *following) compute(s *cpu.Scratch, block int) {
	for i := range f.first.blocks {
		if n := f.first.blocks[i].Load(); n != 1 {
			panic("too early")
		}
	}
	f.counting.compute(s, block)
}
