package loadtest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Source says which jobs are due, in the order of their times. One goroutine
// at a time uses it.
type Source interface {
	// Next returns the next job; ok is false if there is none any more.
	Next() (s Send, ok bool)
}

// mixed is jobs of a mix at times of their own.
type mixed struct {
	mix      *Mix
	arrivals *Arrivals
	dice     *rand.Rand
}

// Mixed returns an endless source of jobs that are drawn from a mix.
func (m *Mix) Mixed(a *Arrivals, seed uint64) Source {
	return &mixed{m, a, newDice(seed, diceJobs)}
}

func (m *mixed) Next() (Send, bool) {
	s := m.mix.draw(m.dice)
	s.At = m.arrivals.Next()
	return s, true
}

// Replayed returns a source of recorded jobs, at speed times the speed at
// which they came.
func Replayed(sends []Send, speed float64) Source { return &replayed{sends, speed, 0} }

type replayed struct {
	sends []Send
	speed float64
	next  int
}

func (r *replayed) Next() (Send, bool) {
	if r.next == len(r.sends) {
		return Send{}, false
	}
	s := r.sends[r.next]
	r.next++
	s.At = time.Duration(float64(s.At) / r.speed)
	return s, true
}

// Counted returns exactly as many jobs of each kind as its share says: those of
// a trace that was counted. Kinds are interleaved evenly, those alike in the
// order of the mix, and come when the arrivals say.
func (m *Mix) Counted(a *Arrivals, seed uint64) (sends []Send) {
	type place struct {
		at   float64 // from 0 to 1
		kind int
	}
	var places []place
	for i := range m.Kinds {
		n := int(m.Kinds[i].Share)
		for j := range n {
			places = append(places, place{(float64(j) + 0.5) / float64(n), i})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	dice := newDice(seed, diceJobs)
	for _, p := range places {
		send := m.drawOf(p.kind, dice)
		send.At = a.Next()
		sends = append(sends, send)
	}
	return sends
}
