package cpu

import (
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// pool is a set of helpers, goroutines that compute. One job at a time is
// spread over them.
//
// Waking a thread takes 100 µs and more on some virtual machines, as long as a
// small product. So a helper looks out for the next job for a while before it
// sleeps, and a job's owner for the end of its job; both give way to any other
// goroutine that can run.
type pool struct {
	mu      sync.Mutex // held while a job is spread
	helpers int
	wake    chan *job // invitations, at most one per helper
	running sync.WaitGroup
}

func newPool(helpers int) *pool {
	p := &pool{helpers: helpers, wake: make(chan *job, helpers)}
	for range helpers {
		p.running.Go(p.help)
	}
	return p
}

// help computes blocks of every job it is invited to.
func (p *pool) help() {
	// A caller's mapped file that was cut short is a failed job, not a crash.
	debug.SetPanicOnFault(true)
	scratch := new(cpu.Scratch)
	for j := lookOut(p.wake); j != nil; j = lookOut(p.wake) {
		j.work(scratch)
		if j.active.Add(-1) == 0 {
			j.idle <- struct{}{}
		}
	}
}

// run computes a job on the calling goroutine and as many helpers as it has
// blocks for, up to threads in all. It returns when all of the job is done.
func (p *pool) run(j *job, scratch *cpu.Scratch, threads int) {
	invited := min(p.helpers, threads-1, j.blocks-1)
	if invited <= 0 {
		j.work(scratch)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	j.active.Store(int64(invited + 1))
	for range invited {
		p.wake <- j
	}
	j.work(scratch)
	if j.active.Add(-1-p.retract()) > 0 {
		lookOut(j.idle)
	}
}

// rounds is how often lookOut looks before it sleeps: for some 200 µs. Time
// itself is not asked for, it may stand still in tests.
const (
	rounds = 1000
	looks  = 20 // between two offers to give way
)

// lookOut receives from c, the zero value after it was closed.
func lookOut[T any](c <-chan T) T {
	for range rounds {
		for range looks {
			select {
			case v := <-c:
				return v
			default:
			}
		}
		runtime.Gosched()
	}
	return <-c
}

// retract takes back the invitations that no helper has accepted, so that a
// late thread does not hold up a finished job.
func (p *pool) retract() (n int64) {
	for {
		select {
		case <-p.wake:
			n++
		default:
			return n
		}
	}
}

// close ends the helpers. No job may run.
func (p *pool) close() {
	close(p.wake)
	p.running.Wait()
}
