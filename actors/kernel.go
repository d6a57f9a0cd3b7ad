package actors

// kernelActor turns a formed batch into plain data: pipelines, bindings,
// copies. It touches no queue. There is one for each kernel family.
func (e *Engine) kernelActor(message any) {
	if m, ok := message.(*formed); ok {
		e.bind((*Batch)(m))
	}
}

func (e *Engine) bind(b *Batch) {
	b.prune()
	ready := true
	err := guard("kernel actor", func() { ready = len(b.parts) == 0 || b.resolve() })
	switch {
	case err != nil:
		b.refused = err
	case !ready:
		e.compile(b)
		return
	case len(b.parts) > 0:
		b.refused = b.bindLiving()
	}
	e.sendDevice((*bound)(b))
}

// bindLiving binds the parts whose jobs have not ended; some may end
// meanwhile.
func (b *Batch) bindLiving() (err error) {
	for {
		if g := guard("kernel actor", func() { err = b.bind() }); g != nil {
			return g
		}
		if err != errEnded {
			return err
		}
		b.prune()
		if len(b.parts) == 0 {
			return nil
		}
		if err := b.compile(); err != nil { // only looks up: all were compiled
			return err
		}
		b.resolve()
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

func (p *part) wanted() bool { return p.held || p.task.Pending() }

func (b *Batch) pruneFrom(first int) {
	kept := b.parts[:first]
	for i := first; i < len(b.parts); i++ {
		if p := b.parts[i]; p.wanted() {
			kept = append(kept, p)
		} else {
			p.leave()
		}
	}
	clear(b.parts[len(kept):])
	b.parts = kept
}

// compile compiles what the batch needs, on a goroutine of its own so that a
// cold kernel holds up no other batch, and sends the batch here again.
func (e *Engine) compile(b *Batch) {
	e.compiling.Add(1)
	go func() {
		defer e.compiling.Done()
		if err := b.compile(); err != nil {
			b.refused = err
			e.sendDevice((*bound)(b))
			return
		}
		b.compiled = true
		e.send(e.kernels[b.plan().Row.Family], (*formed)(b))
	}()
}
