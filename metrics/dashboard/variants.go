package dashboard

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// Variant sums up the decisions for one kernel variant.
type Variant struct {
	Op      string        `json:"op"`
	Backend string        `json:"backend"`
	Variant string        `json:"variant"`
	Reason  string        `json:"reason"` // of the latest
	Batches int           `json:"batches"`
	Jobs    int           `json:"jobs"`
	Device  time.Duration `json:"device_ns"`
	Failed  int           `json:"failed"` // batches
}

type variantKey struct{ op, backend, variant string }

type variants map[variantKey]*Variant

func (v variants) add(r *metrics.Decision) {
	key := variantKey{r.Op, r.Plan.Backend, r.Plan.Variant}
	s := v[key]
	if s == nil {
		s = &Variant{Op: key.op, Backend: key.backend, Variant: key.variant}
		v[key] = s
	}
	s.Batches++
	s.Jobs += r.Jobs
	s.Device += r.DeviceTime
	s.Reason = r.Reason()
	if r.Outcome != "done" {
		s.Failed++
	}
}

// list returns the variants, those that took most of the device first.
func (v variants) list() []Variant {
	list := make([]Variant, 0, len(v))
	for s := range maps.Values(v) {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Variant) int {
		return cmp.Or(cmp.Compare(b.Device, a.Device), cmp.Compare(a.Op+a.Backend+a.Variant, b.Op+b.Backend+b.Variant))
	})
	return list
}

// sizes counts batches by their jobs: 1, 2, 3 to 4, 5 to 8 and so on.
type sizes [16]int

func (s *sizes) add(jobs int) {
	s[min(bits.Len(uint(max(jobs, 1)-1)), len(s)-1)]++
}
