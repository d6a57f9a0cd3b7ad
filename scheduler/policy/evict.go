package policy

import (
	"cmp"
	"slices"
	"time"
)

// Copy is an operand's copy on a device, as Evict sees it.
type Copy struct {
	Bytes   int64
	InUse   bool          // by jobs
	Idle    time.Duration // since a job last asked for it
	Another bool          // a device that takes work has one too
}

// IdleCopy is how long a copy is not asked for until it may make room for what
// is merely useful.
const IdleCopy = time.Second

// Evict returns the copies to give up for some bytes, in order: first those of
// which another device has one, then those idle for longest. Never one in use.
// Spare allows only copies that are idle for IdleCopy. false: that is not
// enough, so that none should be given up.
func Evict(copies []Copy, need int64, spare bool) (victims []int, ok bool) {
	var order []int
	for i := range copies {
		if copies[i].evictable(spare) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &copies[i], &copies[j]
		if a.Another != b.Another {
			if a.Another {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Idle, a.Idle)
	})
	for _, i := range order {
		if need <= 0 {
			break
		}
		victims = append(victims, i)
		need -= copies[i].Bytes
	}
	if need > 0 {
		return nil, false
	}
	return victims, true
}

func (c *Copy) evictable(spare bool) bool { return !c.InUse && (!spare || c.Idle >= IdleCopy) }
