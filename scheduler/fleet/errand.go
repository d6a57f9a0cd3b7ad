package fleet

// errands are what a fleet has done that no job waits for, such as copies. They are
// guarded by its mu.
type errands struct {
	left int
	over chan struct{} // nil until Close; closed after the last
}

// errand has something done. f.mu is held, and the fleet not closed.
func (f *Fleet) errand(do func()) {
	f.copying.left++
	go func() {
		defer func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.copying.left--
			f.copying.tell()
		}()
		do()
	}()
}

// end returns what is closed after the last: none follows.
func (e *errands) end() <-chan struct{} {
	e.over = make(chan struct{})
	e.tell()
	return e.over
}

func (e *errands) tell() {
	if e.left == 0 && e.over != nil {
		close(e.over)
	}
}
