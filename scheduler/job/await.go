package job

import "context"

// wait returns true when the job has ended, false when ctx ended first.
func (l *Life) wait(ctx context.Context) bool {
	if l.Ended() {
		return true
	}
	w := waiters.Get().(*waiter)
	if !l.await(w) {
		waiters.Put(w)
		return true // the outcome is visible before the list closes
	}
	done := ctx.Done()
	if done == nil {
		<-w.ch
	} else {
		select {
		case <-w.ch:
		case <-done:
			return false // w stays in the list and is not reused
		}
	}
	w.next = nil
	waiters.Put(w)
	return true
}

// Await waits for the job's end and returns its error. If ctx ends first the
// job is cancelled, or expires if the context's deadline passed; one whose
// memory is being written is waited for. One goroutine may call it, once.
func (l *Life) Await(ctx context.Context) error {
	w := &l.first
	if w.ch == nil {
		w.ch = make(chan struct{}, 1)
	}
	if l.Ended() || !l.await(w) {
		return l.err
	}
	if done := ctx.Done(); done != nil {
		select {
		case <-w.ch:
			return l.err
		case <-done:
			l.End(Ending(ctx))
		}
	}
	<-w.ch
	return l.err
}
