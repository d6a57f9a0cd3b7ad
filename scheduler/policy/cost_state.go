package policy

import (
	"fmt"
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Correction is one thing that a CostModel learned, in a form to be saved.
type Correction struct {
	Family  string  `json:"family"`
	Type    string  `json:"type"`    // of A
	Size    int     `json:"size"`    // class of operand bytes, a factor of 4 each
	Columns int     `json:"columns"` // class of columns or rows, a factor of 2 each
	Ratio   float32 `json:"ratio"`   // measured to prior time
	Count   uint32  `json:"count"`   // measurements behind it, up to the model's memory
}

// costed lists the families that the model keeps corrections of.
var costed = append(slices.Clone(kernels.Families), kernels.FamilyChain)

// Corrections returns what the model learned, in a fixed order.
func (m *CostModel) Corrections() []Correction {
	var out []Correction
	for _, f := range costed {
		for _, dt := range tensor.DTypes {
			g := &m.groups[f][dt]
			for size := range g.rows {
				for columns, c := range g.rows[size].cells {
					if c.count > 0 {
						out = append(out, Correction{f.String(), dt.String(), size, columns, c.ratio, c.count})
					}
				}
			}
		}
	}
	return out
}

// Restore adds corrections that a model with the same prior learned earlier.
// On an error, which names the bad correction, the model is unchanged.
func (m *CostModel) Restore(learned []Correction) error {
	restored := *m
	for _, c := range learned {
		g, err := restored.groupOf(c)
		if err != nil {
			return fmt.Errorf("policy: correction %+v: %w", c, err)
		}
		row := &g.rows[c.Size]
		row.cells[c.Columns] = cell{ratio: c.Ratio, count: min(c.Count, 1/minWeight)}
		row.seen |= 1 << c.Columns
		g.seen |= 1 << c.Size
	}
	*m = restored
	return nil
}

// groupOf checks a correction and returns where it belongs.
func (m *CostModel) groupOf(c Correction) (*group, error) {
	dt, err := tensor.ParseDType(c.Type)
	switch {
	case err != nil:
		return nil, err
	case c.Size < 0 || c.Size >= sizeClasses:
		return nil, fmt.Errorf("size is %d; allowed are 0 to %d", c.Size, sizeClasses-1)
	case c.Columns < 0 || c.Columns >= extentClasses:
		return nil, fmt.Errorf("columns is %d; allowed are 0 to %d", c.Columns, extentClasses-1)
	case !(c.Ratio >= 1.0/maxRatio && c.Ratio <= maxRatio): // false for NaN too
		return nil, fmt.Errorf("ratio is %v; allowed are 1/%d to %d", c.Ratio, maxRatio, maxRatio)
	case c.Count == 0:
		return nil, fmt.Errorf("count is 0; allowed is at least 1")
	}
	for _, f := range costed {
		if f.String() == c.Family {
			return &m.groups[f][dt], nil
		}
	}
	return nil, fmt.Errorf("family %q is not known; allowed are %v", c.Family, costed)
}
