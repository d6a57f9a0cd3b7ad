package policy

import (
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/kernels"
)

const (
	cacheBits  = 10
	cacheSlots = 1 << cacheBits
)

// Cache remembers the plans of problems, for one device and the preferences of
// the moment. It is bounded: a problem has one slot, and a new plan replaces
// the one that was there. Plans of equal problems are equal, but after a
// replacement not the same pointer.
//
// Plan may be called from any goroutine and takes no lock.
type Cache struct {
	caps    kernels.Caps
	catalog kernels.Catalog
	tuned   atomic.Pointer[tuned]
}

// tuned is what goes with one set of preferences.
type tuned struct {
	prefs Prefs
	slots [cacheSlots]atomic.Pointer[kernels.Plan]
}

// NewCache returns an empty cache for validated preferences. The catalog must
// not change afterwards.
func NewCache(caps kernels.Caps, prefs Prefs, catalog kernels.Catalog) *Cache {
	c := &Cache{caps: caps, catalog: catalog}
	c.tuned.Store(&tuned{prefs: prefs})
	return c
}

// Prefs returns the preferences of the moment.
func (c *Cache) Prefs() Prefs { return c.tuned.Load().prefs }

// Retune has plans made by other preferences from now on. Those that were made
// stay as they are. The error is a *PrefError, and then nothing has changed.
func (c *Cache) Retune(prefs Prefs) error {
	if err := prefs.Validate(c.caps, c.catalog); err != nil {
		return err
	}
	c.tuned.Store(&tuned{prefs: prefs})
	return nil
}

// Plan returns what [Select] chooses. Errors are not remembered.
func (c *Cache) Plan(p kernels.Problem) (*kernels.Plan, error) {
	t := c.tuned.Load()
	slot := &t.slots[slotOf(&p)]
	if plan := slot.Load(); plan != nil && plan.Problem == p {
		return plan, nil
	}
	plan, err := Select(p, c.caps, t.prefs, c.catalog)
	if err != nil {
		return nil, err
	}
	slot.Store(plan)
	return plan, nil
}

// slotOf spreads problems by multiplying with odd constants: the top bits of
// the product depend on every bit below them.
func slotOf(p *kernels.Problem) uint64 {
	h := uint64(p.Shape.M)*0x9e3779b97f4a7c15 +
		uint64(p.Shape.N)*0xbf58476d1ce4e5b9 +
		uint64(p.Shape.K)*0x94d049bb133111eb +
		uint64(p.Shape.Batch)*0xd6e8feb86659fd93
	h += (marks(p) + uint64(p.Group)<<48 + uint64(p.ValueCols)<<40) * 0xff51afd7ed558ccd
	h ^= h >> 29
	return h * 0x9e3779b97f4a7c15 >> (64 - cacheBits)
}

// marks packs everything but the shape into one number.
func marks(p *kernels.Problem) uint64 {
	m := uint64(p.Op) | uint64(p.A)<<8 | uint64(p.B)<<16 | uint64(p.C)<<24
	for i, on := range [...]bool{p.TransA, p.TransB, p.BetaNonZero, p.Bias, p.Mirrored, p.Causal, p.QueryOffset, p.TransV} {
		if on {
			m |= 1 << (32 + i)
		}
	}
	return m
}
