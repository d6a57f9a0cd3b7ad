//go:build darwin || linux

package metal

// open makes sure that there is an encoder.
func (e *encoding) open() (err error) {
	if e.encoder != nil {
		return nil
	}
	if err := e.openBuffer(); err != nil {
		return err
	}
	if e.encoder, err = e.buffer.NewEncoder(); err != nil {
		return err
	}
	e.hazards.reset(e.stage)
	return nil
}

// openBuffer makes sure that there is a command buffer.
func (e *encoding) openBuffer() (err error) {
	switch {
	case e.buffer != nil:
	case e.vendor:
		e.buffer, err = e.queue.commands.NewRetainingCommandBuffer()
	default:
		e.buffer, err = e.queue.commands.NewCommandBuffer()
	}
	return err
}

// end ends the encoder, if there is one.
func (e *encoding) end() {
	if e.encoder != nil {
		e.encoder.End()
		e.encoder = nil
	}
}

// commit gives the GPU what was encoded since the last time. dispatch says
// that it is one dispatch of a batch that is profiled; then there is a command
// buffer even if it is empty, for its time.
func (e *encoding) commit(dispatch bool) {
	e.end()
	if e.buffer == nil {
		if !dispatch || e.openBuffer() != nil {
			return
		}
	}
	q, t, buffer := e.queue, e.task, e.buffer
	e.buffer = nil
	t.committed = append(t.committed, committed{buffer, dispatch})
	q.mu.Lock()
	t.left++
	q.mu.Unlock()
	buffer.Commit(func() { q.completed(t) })
}

// abandon drops what was encoded and not committed, and the batch.
func (e *encoding) abandon() {
	e.end()
	e.task = nil
	if e.buffer != nil {
		e.buffer.Release()
		e.buffer = nil
	}
}
