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

func newBenchLine(cases int) *benchLine { return &benchLine{all: cases, seen: map[suite.Case]bool{}} }

// before takes note of what comes next.
func (l *benchLine) before(c suite.Case) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[c], l.now = true, c.Name()
}

func (l *benchLine) text(time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == "" {
		return ""
	}
	return fmt.Sprintf("case %d of %d: %s", len(l.seen), l.all, l.now)
}
