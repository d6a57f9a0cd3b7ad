package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rowTile is a few rows of A over a range of k, each contiguous and float32:
// A's own memory where it is like that, a widened copy otherwise.
type rowTile struct {
	rows, k int
	own     Mat       // set when A's memory serves
	copied  []float32 // else the copy, row after row
}

// newRowTile makes the tile of the rows x k matrix a. It copies to buf, at
// least rows*k elements, if a cannot be used as it lies or direct is false.
func newRowTile(a Mat, rows, k int, direct bool, buf []float32) rowTile {
	if direct && a.Type == tensor.F32 && a.CS == 1 {
		return rowTile{rows: rows, k: k, own: a}
	}
	if a.CS <= a.RS {
		for i := range rows {
			load(buf[i*k:], 1, a.row(i), k)
		}
	} else {
		for j := range k {
			load(buf[j:], k, a.T().row(j), rows)
		}
	}
	return rowTile{rows: rows, k: k, copied: buf[:rows*k]}
}

// row returns row i; past the end it returns the last row again, so that
// micro-kernels need no edge cases.
func (t *rowTile) row(i int) []float32 {
	i = min(i, t.rows-1)
	if t.copied == nil {
		return unsafe.Slice((*float32)(t.own.row(i).ptr), t.k)
	}
	return t.copied[i*t.k : (i+1)*t.k]
}
