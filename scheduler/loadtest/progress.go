package loadtest

import "time"

// Progress is how a run goes on.
type Progress struct {
	Stage    string
	Number   int // of the stage, from 1
	Elapsed  time.Duration
	Length   time.Duration
	InFlight int64
	Ended    int64
	Lost     int64
	Window   *Window // the last that was closed, or nil
}

// Progress returns how the current stage goes on; ok is false before the first.
func (r *Runner) Progress() (p Progress, ok bool) {
	s := r.current.Load()
	if s == nil {
		return p, false
	}
	p = Progress{
		Stage: s.stage.Name, Number: s.index + 1, Elapsed: time.Since(s.start),
		Length: time.Duration(s.limit.Load()), InFlight: s.inFlight.Load(), Window: s.last.Load(),
	}
	p.Ended, p.Lost = s.tally.progress()
	return p, true
}
