package actors

import "sync/atomic"

// inbox takes tasks from any goroutine and gives them to one, in the order
// they came. It is a stack that the taker turns round.
type inbox struct {
	head atomic.Pointer[Task]
	user atomic.Pointer[seat] // who put last
	_    line
}

// put adds a chain of tasks, linked from the newest to the oldest. It reports
// whether the inbox was empty, so that somebody must wake the taker.
func (in *inbox) put(newest, oldest *Task) (wasEmpty bool) {
	oldest.first = true
	for {
		head := in.head.Load()
		oldest.next = head
		if in.head.CompareAndSwap(head, newest) {
			return head == nil
		}
	}
}

// take removes everything and returns it linked from the oldest on.
func (in *inbox) take() *Task {
	if in.head.Load() == nil {
		return nil
	}
	var first *Task
	for t := in.head.Swap(nil); t != nil; {
		next := t.next
		t.next = first
		first, t = t, next
	}
	return first
}
