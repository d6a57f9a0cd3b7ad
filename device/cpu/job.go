package cpu

import (
	"runtime"
	"sync/atomic"
	"time"

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
	_      [128]byte    // a thread that waits reads done, all others write next
	done   atomic.Int64 // blocks computed, if any part waits
	phased bool

	active atomic.Int64  // threads that are in the job or invited, its owner too
	idle   chan struct{} // capacity 1: the last helper tells the waiting owner
	failed atomic.Pointer[device.KernelError]
}

// part is the blocks [first, end) of a job.
type part struct {
	work
	first, end int
	waits      bool // for all blocks before
}

func (j *job) reset() {
	clear(j.parts)
	j.parts, j.blocks = j.parts[:0], 0
	j.next.Store(0)
	j.done.Store(0)
	j.phased = false
	j.failed.Store(nil)
}

func (j *job) add(w work, blocks int) {
	if blocks > 0 {
		j.parts = append(j.parts, part{w, j.blocks, j.blocks + blocks, false})
		j.blocks += blocks
	}
}

// then is add for work that starts when everything before is done.
func (j *job) then(w work, blocks int) {
	j.add(w, blocks)
	if blocks > 0 {
		j.parts[len(j.parts)-1].waits, j.phased = true, true
	}
}

// work draws and computes blocks until there are none. A panic ends the job,
// not the thread.
func (j *job) work(s *cpu.Scratch) {
	at := 0
	defer func() {
		if cause := recover(); cause != nil {
			j.failed.CompareAndSwap(nil, device.Recovered(j.parts[at].kernel(), cause))
			j.next.Store(int64(j.blocks))
		}
	}()
	for yielded := time.Now(); ; {
		block := int(j.next.Add(1) - 1)
		if block >= j.blocks {
			return
		}
		for block >= j.parts[at].end {
			at++
		}
		p := &j.parts[at]
		if p.waits && !j.wait(int64(p.first)) {
			return
		}
		p.compute(s, block-p.first)
		if j.phased {
			j.done.Add(1)
		}
		if time.Since(yielded) > yieldAfter {
			runtime.Gosched()
			yielded = time.Now()
		}
	}
}

// yieldAfter is how long a thread computes before it lets other goroutines run
// that wait for a processor: callers, timers.
const yieldAfter = 200 * time.Microsecond

// wait returns when so many blocks are done, false if the job has failed. They
// have all been drawn, by threads that are at work on them.
func (j *job) wait(blocks int64) bool {
	for spins := 0; j.done.Load() < blocks; spins++ {
		if j.failed.Load() != nil {
			return false
		}
		if spins > spinsBeforeYield {
			runtime.Gosched()
		}
	}
	return true
}

// spinsBeforeYield is about the time of a block.
const spinsBeforeYield = 20000
