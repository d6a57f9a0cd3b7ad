package scheduler

import "sync"

// users counts those who use something that is to be closed after the last of
// them. The zero users has none.
type users struct {
	mu    sync.Mutex
	count int
	ended bool
	last  func()
}

// enter counts one more; false when nobody may enter any more.
func (u *users) enter() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return false
	}
	u.count++
	return true
}

// stay counts one more beside one that has entered, whether others may or not.
func (u *users) stay() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count++
}

func (u *users) leave() {
	u.mu.Lock()
	u.count--
	var last func()
	if u.count == 0 {
		last, u.last = u.last, nil
	}
	u.mu.Unlock()
	if last != nil {
		go last() // it may take long, and is not the business of who leaves
	}
}

// end lets nobody enter any more and has last called when all have left, at once
// if there is nobody.
func (u *users) end(last func()) {
	u.mu.Lock()
	u.ended = true
	if u.count > 0 {
		u.last, last = last, nil
	}
	u.mu.Unlock()
	if last != nil {
		last()
	}
}
