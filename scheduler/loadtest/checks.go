package loadtest

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// checks is what a run learned about results. All methods may be called from
// any goroutine.
type checks struct {
	every int64 // 0 for none
	jobs  atomic.Int64

	mu          sync.Mutex
	values      int64
	wrong       int64
	wrongFirst  string
	failedFirst string
	total       Outcomes // of all jobs, those of the warm-up too
}

// ended takes note of a job, before its result is used again.
func (c *checks) ended(t *task, err error, o Outcomes) {
	var values int64
	var wrong error
	switch {
	case err != nil:
	case t.send.Invalid:
		wrong = fmt.Errorf("%s: a malformed job was done", t.f.kind.Name)
	case c.every > 0 && ((c.jobs.Add(1)-1)%c.every == 0 || t.send.Poison):
		values, wrong = t.check()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total.add(o)
	c.values += values
	if wrong != nil {
		c.wrong++
		set(&c.wrongFirst, wrong.Error())
	}
	if o.Failed+o.Refused > 0 {
		set(&c.failedFirst, err.Error())
	}
}

func (c *checks) end() RunEnd {
	c.mu.Lock()
	defer c.mu.Unlock()
	return RunEnd{Checked: c.values, Wrong: c.wrong, WrongFirst: c.wrongFirst, FailedFirst: c.failedFirst}
}
