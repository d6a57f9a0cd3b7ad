package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/ab"
)

// abActivity is how far a contest is.
type abActivity struct {
	mu sync.Mutex
	at *ab.Progress
}

func (a *abActivity) set(p ab.Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = &p
}

func (a *abActivity) line(time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		return ""
	}
	line := count(a.at.Pairs, "pair") + " of runs"
	if a.at.Runs > 0 {
		return fmt.Sprintf("%s, of %d", line, a.at.Runs)
	}
	line += fmt.Sprintf(" in %v of %v", a.at.Elapsed.Round(time.Second), a.at.Limit)
	if a.at.Looks > 0 {
		line += fmt.Sprintf(", %d of %s could not be told at look %d", a.at.Unsure, count(a.at.Rows, "row"), a.at.Looks)
	}
	return line
}
