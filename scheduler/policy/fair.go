package policy

import "time"

// Virtual is virtual time: nanoseconds of device time, divided by the weight
// of the tenant they were charged to. Of tenants that all have work waiting,
// the one with the least comes next, so that in the long run each gets device
// time in proportion to its weight.
type Virtual float64

func (v Virtual) String() string { return time.Duration(v).String() }

const (
	// MinWeight and MaxWeight are the least and the greatest weight of a tenant.
	MinWeight = 1.0 / 1000
	MaxWeight = 1000.0
)

// WeightAllowed reports whether w can be a tenant's weight.
func WeightAllowed(w float64) bool { return w >= MinWeight && w <= MaxWeight } // false for NaN too

// Share is one tenant's account in fair queueing. It belongs to one goroutine.
type Share struct {
	used   Virtual
	weight float64
}

// NewShare returns the share of a tenant that has used nothing.
func NewShare(weight float64) Share { return Share{weight: weight} }

// Used returns the tenant's virtual time.
func (s *Share) Used() Virtual { return s.used }

// Charge adds nanoseconds of device time. A prediction is charged when work is
// handed out and made good when the time is known: then they may be negative.
func (s *Share) Charge(ns float64) { s.used += Virtual(ns / s.weight) }

// Clock is the virtual time of all tenants together: that of the one with the
// least among those with work waiting. It never goes back. The zero Clock is
// ready for use.
type Clock struct{ now Virtual }

// Now returns the virtual time.
func (c *Clock) Now() Virtual { return c.now }

// Advance tells the clock the least virtual time of those that wait.
func (c *Clock) Advance(least Virtual) { c.now = max(c.now, least) }

// Enter is called when a tenant that had nothing waiting has. It starts where
// the others are: who asks for nothing saves up nothing. What it used beyond
// the others still counts.
func (c *Clock) Enter(s *Share) { s.used = max(s.used, c.now) }
