package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// benchLine says how a suite goes on.
type benchLine struct {
	mu   sync.Mutex
	all  int
	seen map[suite.Case]bool
	now  string
}

// benchLineName is how much of a name fits a line of a terminal.
const benchLineName = 52

func newBenchLine(cases int) *benchLine { return &benchLine{all: cases, seen: map[suite.Case]bool{}} }

// before takes note of what comes next.
func (l *benchLine) before(c suite.Case) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := c.Sub()
	if cut := len(name) - benchLineName; cut > 0 { // its end says more
		name = "…" + name[cut:]
	}
	l.seen[c], l.now = true, name
}

func (l *benchLine) text(time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == "" {
		return ""
	}
	return fmt.Sprintf("case %d of %d: %s", len(l.seen), l.all, l.now)
}
