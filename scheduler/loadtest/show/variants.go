package show

import (
	"cmp"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// variant is what one kernel did.
type variant struct {
	name          string
	batches, jobs int64
	device        time.Duration
}

// variants adds up batches by kernel, those with the most jobs first.
func variants(batches []loadtest.BatchCount) []variant {
	by := map[string]*variant{}
	for _, b := range batches {
		v := by[b.Variant]
		if v == nil {
			v = &variant{name: b.Variant}
			by[b.Variant] = v
		}
		v.batches += b.Count
		v.jobs += int64(b.Jobs) * b.Count
		v.device += b.Device
	}
	var all []variant
	for _, v := range by {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b variant) int {
		return cmp.Or(cmp.Compare(b.jobs, a.jobs), cmp.Compare(a.name, b.name))
	})
	return all
}

// sizes counts batches by the number of their jobs: 1, 2, 3-4, 5-8 and so on.
func sizes(batches []loadtest.BatchCount) (counts []float64) {
	for _, b := range batches {
		i := 0
		for 1<<i < b.Jobs {
			i++
		}
		for len(counts) <= i {
			counts = append(counts, 0)
		}
		counts[i] += float64(b.Count)
	}
	return counts
}
