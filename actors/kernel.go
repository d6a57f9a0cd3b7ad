package actors

import (
	"errors"
	"sync"
	"time"
)

// kernelActor turns a formed batch into plain data: pipelines, bindings,
// copies. It touches no queue. There is one for each kernel family.
func (e *Engine) kernelActor(message any) {
	if m, ok := message.(*formed); ok {
		e.bind((*Batch)(m))
	}
}

func (e *Engine) bind(b *Batch) {
	if e.desk.overtakes(b) { // its own kernel is there
		e.desk.setAside(b)
		e.sendDevice((*compiled)(b))
		return
	}
	ready := true
	b.epoch = e.epoch
	err := guard("kernel actor", func() {
		e.replan(b)
		ready, b.refused = b.bindLiving()
	})
	switch {
	case err != nil:
		b.refused = err
	case !ready:
		e.compile(b)
		return
	}
	e.sendDevice((*bound)(b))
}

// bindLiving binds the parts whose jobs have not ended; some may end
// meanwhile. It returns false when a kernel has to be compiled first.
func (b *Batch) bindLiving() (ready bool, err error) {
	for {
		b.prune()
		if len(b.parts) == 0 {
			return true, nil
		}
		if !b.resolve() {
			return false, nil
		}
		if err := b.bind(); err != errEnded {
			return true, err
		}
	}
}

// prune drops the parts whose jobs have ended.
func (b *Batch) prune() {
	for i := range b.parts {
		if !b.parts[i].wanted() {
			b.pruneFrom(i)
			return
		}
	}
}

// wanted reports whether a part is still worth computing. A held one is until
// its job has ended, which only the loss of another part of it can bring about.
func (p *part) wanted() bool { return p.task.Pending() || p.held && !p.task.Ended() }

func (b *Batch) pruneFrom(first int) {
	var r releases
	defer r.flush()
	kept := b.parts[:first]
	for i := first; i < len(b.parts); i++ {
		if p := b.parts[i]; p.wanted() {
			kept = append(kept, p)
		} else {
			p.task.tenant.bill(p.units(), 0, b.ahead, time.Time{})
			if t := b.engine.trace; t != nil {
				t.left(p.task, b.slot)
			}
			p.leave(&r)
		}
	}
	clear(b.parts[len(kept):])
	b.parts = kept
}

// compile compiles what the batch needs, on a goroutine of its own so that a
// cold kernel holds up no other batch.
func (e *Engine) compile(b *Batch) {
	b.compiled = true // here: what is in the books of a batch set aside may be read any time
	e.desk.setAside(b)
	e.sendDevice(isReady)
	e.compiling.Add(1)
	e.compilers.Add(1)
	go func(compilers *sync.WaitGroup) {
		defer e.compiling.Done()
		defer compilers.Done()
		err := errors.New("the compiler did not return")
		defer func() {
			if err != nil {
				b.refused = err
				e.sendDevice((*bound)(b))
				return
			}
			e.sendDevice((*compiled)(b))
		}()
		err = b.compile()
	}(e.compilers)
}
