package policy

import (
	"fmt"
	"math/bits"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// chooser finds a family's row for a problem on a device.
type chooser struct {
	problem      kernels.Problem
	caps         kernels.Caps
	experimental bool
	catalog      kernels.Catalog
}

// choose returns the family's first row that supports the problem, or why
// none does. A small-N row must cover the problem's columns in one pass; the
// smallest bucket that does is taken.
func (c *chooser) choose(f kernels.Family) (row *kernels.Row, why string) {
	if f != kernels.FamilySmallN {
		return c.first(f, kernels.BucketNone)
	}
	narrowest := kernels.BucketFor(c.problem.Shape.N)
	for b := narrowest; b <= kernels.N16; b *= 2 {
		r, w := c.first(f, b)
		if r != nil {
			return r, ""
		}
		// What a kernel lacks says more than that there is none of a bucket.
		if why == "" && w != missing(f, b) {
			why = w
		}
	}
	if why == "" {
		why = missing(f, narrowest)
	}
	return nil, why
}

// first returns the family's first row of the bucket that supports the
// problem, the experimental ones ahead of the stable ones, or why none does.
func (c *chooser) first(f kernels.Family, b kernels.Bucket) (row *kernels.Row, why string) {
	why = missing(f, b)
	for _, experimental := range [...]bool{true, false} {
		for i := range c.catalog {
			r := &c.catalog[i]
			if r.Family != f || r.Bucket != b || r.Experimental != experimental {
				continue
			}
			ok, w := r.Supports(c.problem, c.caps)
			switch {
			case ok && experimental && !c.experimental:
				why = r.Name + " is experimental"
			case ok:
				return r, ""
			default:
				why = w
			}
		}
	}
	return nil, why
}

func missing(f kernels.Family, b kernels.Bucket) string {
	if b == kernels.BucketNone {
		return fmt.Sprintf("the catalog has no %v kernel", f)
	}
	return fmt.Sprintf("the catalog has no %v kernel for %v", f, b)
}

// smallNRows returns the row that serves each bucket, N1 first: the smallest
// that covers it, or the largest there is, which then takes several passes.
func (c *chooser) smallNRows() (rows [5]*kernels.Row) {
	for b := kernels.N16; b >= kernels.N1; b /= 2 {
		i := bucketIndex(b)
		rows[i], _ = c.first(kernels.FamilySmallN, b)
		if rows[i] == nil && b < kernels.N16 {
			rows[i] = rows[i+1]
		}
	}
	for i := 1; i < len(rows); i++ {
		if rows[i] == nil {
			rows[i] = rows[i-1]
		}
	}
	return rows
}

// bucketIndex returns the bucket's place among N1, N2, N4, N8, N16.
func bucketIndex(b kernels.Bucket) int { return bits.Len8(uint8(b)) - 1 }
