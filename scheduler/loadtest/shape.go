package loadtest

import (
	"math"
	"time"
)

// Shape is a rate of arrivals as a function of time. It has no clock and no
// state; its methods may be called from any goroutine.
type Shape struct {
	pieces []piece
	repeat bool
}

// piece is a rate, in arrivals a second, that goes from one value to another
// in a straight line.
type piece struct {
	length   time.Duration
	from, to float64
}

// Constant is the same rate at all times.
func Constant(rate float64) Shape { return Shape{pieces: []piece{{0, rate, rate}}} }

// Ramp goes from one rate to another and stays there.
func Ramp(from, to float64, length time.Duration) Shape {
	return Shape{pieces: []piece{{length, from, to}}}
}

// Steps has each rate for the same time and stays at the last.
func Steps(each time.Duration, rates ...float64) Shape {
	var s Shape
	for _, r := range rates {
		s.pieces = append(s.pieces, piece{each, r, r})
	}
	return s
}

// Burst has a rate of base, and of base and extra at the start of each period.
func Burst(base, extra float64, length, period time.Duration) Shape {
	return Shape{pieces: []piece{{length, base + extra, base + extra}, {period - length, base, base}}, repeat: true}
}

// Hits returns how many arrivals there are until t.
func (s Shape) Hits(t time.Duration) float64 {
	before := 0.0
	if s.repeat {
		length, hits := s.round()
		rounds := t / length
		before, t = float64(rounds)*hits, t%length
	}
	for i, p := range s.pieces {
		if last := i == len(s.pieces)-1; t < p.length || last && p.length == 0 {
			return before + p.hits(t)
		}
		before += p.hits(p.length)
		t -= p.length
	}
	return before + s.last()*t.Seconds()
}

// Time returns when there have been so many arrivals: the inverse of Hits. It
// is the far future if there never are.
func (s Shape) Time(hits float64) time.Duration {
	before := time.Duration(0)
	if s.repeat {
		length, each := s.round()
		rounds := math.Floor(hits / each)
		if rounds*length.Seconds() > far.Seconds() {
			return far
		}
		before, hits = time.Duration(rounds)*length, hits-rounds*each
	}
	for i, p := range s.pieces {
		if last := i == len(s.pieces)-1; hits < p.hits(p.length) || last && p.length == 0 {
			return min(far, before+p.time(hits))
		}
		hits -= p.hits(p.length)
		before += p.length
	}
	return min(far, before+seconds(hits/s.last()))
}

// far is later than any run lasts.
const far = 1000 * time.Hour

func seconds(s float64) time.Duration {
	if !(s < far.Seconds()) {
		return far
	}
	return time.Duration(s * float64(time.Second))
}

func (s Shape) last() float64 { return s.pieces[len(s.pieces)-1].to }

// round returns the length of a period and its arrivals.
func (s Shape) round() (length time.Duration, hits float64) {
	for _, p := range s.pieces {
		length += p.length
		hits += p.hits(p.length)
	}
	return length, hits
}

// slope is half of how much the rate grows in a second.
func (p piece) slope() float64 {
	if p.length == 0 {
		return 0
	}
	return (p.to - p.from) / (2 * p.length.Seconds())
}

func (p piece) hits(t time.Duration) float64 {
	return (p.from + p.slope()*t.Seconds()) * t.Seconds()
}

// time solves hits(t) = h in the form that loses no digits when the rate
// hardly changes.
func (p piece) time(h float64) time.Duration {
	if h <= 0 {
		return 0
	}
	return seconds(2 * h / (p.from + math.Sqrt(max(0, p.from*p.from+4*p.slope()*h))))
}
