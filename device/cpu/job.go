package cpu

import (
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// work is something that is computed in independent blocks.
type work interface {
	kernel() string
	// split decides on blocks of about blockTime for up to threads threads,
	// and returns how many there are.
	split(threads int) int
	compute(s *cpu.Scratch, block int)
}

// job is work that threads draw blocks from. A queue keeps one and uses it
// again and again.
type job struct {
	parts  []part
	blocks int
	next   atomic.Int64 // the block to draw next

	active atomic.Int64  // threads that are in the job or invited, its owner too
	idle   chan struct{} // capacity 1: the last helper tells the waiting owner
	failed atomic.Pointer[device.KernelError]
}

// part is the blocks [first, end) of a job.
type part struct {
	work
	first, end int
}

func (j *job) reset() {
	clear(j.parts)
	j.parts, j.blocks = j.parts[:0], 0
	j.next.Store(0)
	j.failed.Store(nil)
}

func (j *job) add(w work, blocks int) {
	if blocks > 0 {
		j.parts = append(j.parts, part{w, j.blocks, j.blocks + blocks})
		j.blocks += blocks
	}
}

// work draws and computes blocks until there are none. A panic ends the job,
// not the thread.
func (j *job) work(s *cpu.Scratch) {
	at := 0
	defer func() {
		if cause := recover(); cause != nil {
			j.failed.CompareAndSwap(nil, &device.KernelError{Kernel: j.parts[at].kernel(), Cause: cause})
			j.next.Store(int64(j.blocks))
		}
	}()
	for {
		block := int(j.next.Add(1) - 1)
		if block >= j.blocks {
			return
		}
		for block >= j.parts[at].end {
			at++
		}
		j.parts[at].compute(s, block-j.parts[at].first)
	}
}
