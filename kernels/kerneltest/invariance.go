package kerneltest

import (
	"fmt"
	"testing"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// exerciseInvariance compares bits: what a column or row gives alone it gives
// among any others, with every kernel of its family.
func exerciseInvariance(t *testing.T, impl *Implementation, seed uint64) {
	for _, family := range kernels.Families {
		rows := impl.family(family)
		if len(rows) == 0 {
			continue
		}
		t.Run(family.String(), func(t *testing.T) {
			if !family.BatchInvariant() {
				t.Logf("NOT OFFERED: %v promises no invariance", family)
				return
			}
			for _, types := range typesOf(rows[0]) {
				if !impl.supports(t, rows[0], types) {
					continue
				}
				t.Run(fmt.Sprint(types), func(t *testing.T) {
					g := newMaker(seed, family.String())
					if family.Op() == kernels.OpSoftmax {
						for _, row := range rows { // each kernel has its own order
							rowAmongRows(t, impl, row, types[0], g)
						}
						return
					}
					columnAmongColumns(t, impl, rows, types, g)
					rowOfProductAmongRows(t, impl, rows, types, g)
				})
			}
		})
	}
}

// most is the greatest number of columns or rows that stand together.
const most = 256

// companies returns how many columns or rows stand together, the tested one
// among them: 1 first, then a number of each magnitude.
func (g maker) companies() []int {
	return []int{1, 2 + g.IntN(3), 5 + g.IntN(4), 9 + g.IntN(8), 17 + g.IntN(48), most - g.IntN(100)}
}

func (impl *Implementation) family(f kernels.Family) (rows []*kernels.Row) {
	for i := range impl.Catalog {
		if impl.Catalog[i].Family == f {
			rows = append(rows, &impl.Catalog[i])
		}
	}
	return rows
}
