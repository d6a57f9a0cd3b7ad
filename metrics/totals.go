package metrics

import (
	"cmp"
	"slices"
)

// Total is what the batches of one kind add up to.
type Total struct {
	Op, Backend, Variant, CloseReason string
	Batches, Jobs, Columns            uint64
}

// Totals returns what was counted so far by Series, in the order of names.
func (c *Counters) Totals() []Total {
	var list []Total
	for k, s := range *c.series.Load() {
		list = append(list, Total{k.op, k.backend, k.variant, k.closeReason, s.batches.Get(), s.jobs.Get(), s.columns.Get()})
	}
	slices.SortFunc(list, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Backend, b.Backend),
			cmp.Compare(a.Variant, b.Variant), cmp.Compare(a.CloseReason, b.CloseReason))
	})
	return list
}
