package job

// Settlement ends many jobs at once: their leases are given back together,
// before anybody is woken. It is reused from batch to batch by one goroutine.
type Settlement struct {
	sealed []*Life
}

// Add ends a held job with an outcome, whether or not it was marked, and
// keeps the news back until Flush. It reports whether it did.
func (s *Settlement) Add(l *Life, o Outcome, err error) bool {
	if !l.seal(held, o, err) && !l.seal(marked, o, err) {
		return false
	}
	s.sealed = append(s.sealed, l)
	return true
}

// Flush gives back the leases and wakes the waiters. It returns how many
// callers there were: a group counts as one.
func (s *Settlement) Flush() (callers int) {
	s.giveBack()
	var g *Group
	n := 0
	for i, l := range s.sealed {
		s.sealed[i] = nil
		if next := l.group; next != g {
			g.ended(n)
			g, n = next, 0
			callers++
		} else if next == nil {
			callers++
		}
		n++
		l.publish()
	}
	g.ended(n)
	s.sealed = s.sealed[:0]
	return callers
}

// MoveTo leaves what it has to another settlement.
func (s *Settlement) MoveTo(other *Settlement) {
	other.sealed = append(other.sealed, s.sealed...)
	clear(s.sealed)
	s.sealed = s.sealed[:0]
}

// giveBack returns the leases, runs of one account in one step.
func (s *Settlement) giveBack() {
	var run leaseRun
	for _, l := range s.sealed {
		run.add(l.lease, l.outcome)
	}
	run.flush()
}
