package metrics

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// outage tells of an output that fails: once when that begins and once when it
// is over, not for every record. note is of one goroutine alone.
type outage struct {
	logger atomic.Pointer[slog.Logger]
	failed bool
	told   bool
	lost   uint64
	last   time.Time // that one was told
}

// outageEvery keeps an output that fails now and again from filling the log.
const outageEvery = time.Minute

// note takes what became of a write.
func (o *outage) note(err error, lost uint64) {
	l := o.logger.Load()
	switch {
	case err != nil:
		o.lost += lost
		now := time.Now()
		if !o.told && l != nil && (o.last.IsZero() || now.Sub(o.last) >= outageEvery) {
			l.Warn("decisions cannot be written and are dropped", "error", err)
			o.told, o.last = true, now
		}
		o.failed = true
	case o.failed:
		if o.told && l != nil {
			l.Info("decisions are written again", "dropped", o.lost)
			o.lost = 0
		}
		o.failed, o.told = false, false
	}
}
