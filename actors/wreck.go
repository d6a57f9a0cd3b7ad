package actors

import (
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
)

// wreckage is a queue that was given up, with the batches that the device may
// still be busy with. What those refer to is neither freed nor used again
// until the device has let go of it, which may be never.
type wreckage struct {
	gone chan struct{} // closed when the device has let go of everything

	mu    sync.Mutex
	left  int      // batches that the device has, and one for the desk
	clean bool     // nothing is left, and what was to follow has been done
	after []func() // what is to follow, in order
}

// newWreckage returns a wreckage that the desk may add to until it calls
// letGo. queue is closed when nothing is left on it; nil if somebody has asked
// it to close already.
func newWreckage(queue device.Queue) *wreckage {
	w := &wreckage{gone: make(chan struct{}), left: 1}
	if queue != nil {
		w.after = append(w.after, func() { _ = queue.Close() }) // nobody waits for its error
	}
	return w
}

func (w *wreckage) add() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left++
}

// letGo takes one off. It may be called by the device, whose threads must not
// be held up, so the last one leaves the rest to a goroutine.
func (w *wreckage) letGo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left--; w.left == 0 {
		go w.finish()
	}
}

func (w *wreckage) finish() {
	for f := w.next(); f != nil; f = w.next() {
		f()
	}
	close(w.gone)
}

// next returns what is to be done next, nil after the last.
func (w *wreckage) next() (f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clean = len(w.after) == 0; w.clean {
		return nil
	}
	f, w.after = w.after[0], w.after[1:]
	return f
}

// then has f called when the device has let go of everything, at once if it
// has.
func (w *wreckage) then(f func()) {
	w.mu.Lock()
	if !w.clean {
		w.after = append(w.after, f)
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	f()
}

// settled reports whether the device has let go of everything, and then waits
// until all that follows has been done.
func (w *wreckage) settled() bool {
	w.mu.Lock()
	left := w.left
	w.mu.Unlock()
	if left > 0 {
		return false
	}
	<-w.gone
	return true
}

// isClean reports whether nothing is left to do.
func (w *wreckage) isClean() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clean
}

// whenGone calls f when the device has let go of all wreckages.
func whenGone(ws []*wreckage, f func()) {
	if len(ws) == 0 {
		f()
		return
	}
	ws[0].then(func() { whenGone(ws[1:], f) })
}

// surface is called by the device when it ends a batch that was given up.
// Nobody waits for its results; only now may what it held be given back.
func (b *Batch) surface() {
	if !b.stage.CompareAndSwap(sinking, surfaced) && b.stage.CompareAndSwap(wrecked, surfaced) {
		b.salvage()
	}
}

// salvage gives back what a batch that was given up held on to. Such a batch
// is never used again.
func (b *Batch) salvage() {
	b.leave()
	b.freeMemory()
	b.wreckage.letGo()
}
