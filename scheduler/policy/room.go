package policy

import "time"

// Load is what a device has to do.
type Load struct {
	Batches int           // that it was given, or that are on their way to it
	Host    int           // of these, how many the host is not through with
	Running time.Duration // predicted of the batch that runs, from now on; 0 when it is late
	Queued  time.Duration // predicted of those behind it
	Depth   int           // how many it may be given at a time
}

// Room reports whether the device has room for another batch. An idle device
// always has. A busy one has only when fewer than depth batches are in flight,
// the host is through with them - behind one that it prepares another would wait,
// as jobs may instead and become more - and the work left in them would run out
// before another could be handed over, so that batches bind late and grow large.
// If the batch that runs need only go on for that, wait is how long.
func Room(l Load, handover time.Duration) (room bool, wait time.Duration) {
	switch {
	case l.Batches <= 0:
		return true, 0
	case l.Batches >= l.Depth || l.Host > 0:
		return false, 0
	case l.Queued >= handover:
		return false, 0
	case l.Running+l.Queued >= handover:
		return false, l.Running + l.Queued - handover + 1
	}
	return true, 0
}

// Handover learns how long it takes from when a batch is formed until the
// device has it.
type Handover struct{ mean time.Duration }

// Observe learns from one batch. One that takes very long, for a cold cache or a
// processor that others use, counts as a few times the mean.
func (h *Handover) Observe(took time.Duration) {
	switch {
	case took <= 0:
	case h.mean == 0:
		h.mean = min(took, firstHandover) // it may have loaded a library
	default:
		h.mean += (min(took, maxSurprise*h.mean) - h.mean) / handoverMemory
	}
}

// Time returns the handover to expect, and least before any was seen.
func (h *Handover) Time(least time.Duration) time.Duration { return max(h.mean, least) }

const (
	handoverMemory = 8 // batches
	firstHandover  = time.Millisecond
)

// DeviceShare learns what part of the time that batches take is the device's own,
// and not the host's, who may work at the next meanwhile. The zero DeviceShare is
// all.
type DeviceShare struct{ host float64 }

// Observe learns from one batch, which took that long, so much of it the host.
func (s *DeviceShare) Observe(took, host time.Duration) {
	if took > 0 && host >= 0 {
		s.host += (min(float64(host)/float64(took), 1) - s.host) / handoverMemory
	}
}

// Of returns the device's part of a time.
func (s *DeviceShare) Of(t time.Duration) time.Duration {
	return time.Duration(float64(t) * (1 - s.host))
}
