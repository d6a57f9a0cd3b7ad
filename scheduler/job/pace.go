package job

import (
	"sync"
	"time"
)

// pace tells how fast a count that only grows has grown lately. It looks when
// somebody asks and costs nothing until then.
type pace struct {
	mu    sync.Mutex
	at    time.Time // of the last look
	count int64     // what it saw
	rate  float64   // a second, between the last two looks; 0: not known
}

const (
	paceShort = 10 * time.Millisecond // looks closer together tell too little
	paceLong  = 10 * time.Second      // a look from before says nothing of now
)

// look returns how much the count grows in a second; 0 if that is not known.
func (p *pace) look(now time.Time, count int64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := now.Sub(p.at)
	switch {
	case !p.at.IsZero() && since < paceShort:
		return p.rate
	case p.at.IsZero() || since > paceLong:
		p.rate = 0
	default:
		p.rate = max(float64(count-p.count), 0) / since.Seconds()
	}
	p.at, p.count = now, count
	return p.rate
}

// Lately returns how much of what a limit counts was given back in a second,
// since it was last asked; 0 if that is not known. limit is a
// QueueFullError's. Bytes are told from jobs, by the size of those in flight.
func (a *Account) Lately(limit string, now time.Time) float64 {
	if a.whole != nil { // whose limits they are
		return a.whole.Lately(limit, now)
	}
	load, p, taken := &a.ledger.load, &a.ledger.pace, int64(0)
	switch limit {
	case limitTenantJobs, limitTenantBytes:
		load, p = &a.load, &a.pace
		taken = a.submitted.Load() - a.rejected.Load()
	default:
		a.ledger.admission.Lock()
		taken = a.ledger.taken
		a.ledger.admission.Unlock()
	}
	jobs := load.jobs.Load()
	rate := p.look(now, taken-jobs)
	switch {
	case limit == limitJobs || limit == limitTenantJobs:
		return rate
	case jobs <= 0:
		return 0
	}
	return rate * float64(load.bytes.Load()) / float64(jobs)
}
