package gpu

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Stretch is neighbouring columns that are computed in one way.
type Stretch struct {
	column, columns int // the first, and how many
	run, runs       int
	alpha, beta     float32
	// Plain says that a vendor library can compute it: equal factors that are
	// numbers, alpha not 0, no bias.
	Plain bool
}

// Stretches cuts the columns of a product: those with equal factors together,
// and all others that stand side by side.
func Stretches(runs []device.Run) (all []Stretch) {
	column := 0
	for i, r := range runs {
		if r.Columns == 0 {
			continue
		}
		s := Stretch{column: column, columns: r.Columns, run: i, runs: 1}
		if r.Alpha != 0 && r.Alpha == r.Alpha && r.Beta == r.Beta && r.Bias < 0 {
			s.alpha, s.beta, s.Plain = r.Alpha, r.Beta, true
		}
		column += r.Columns
		if n := len(all); n > 0 && all[n-1].Plain == s.Plain && all[n-1].alpha == s.alpha && all[n-1].beta == s.beta {
			all[n-1].columns += s.columns
			all[n-1].runs = i + 1 - all[n-1].run
			continue
		}
		all = append(all, s)
	}
	return all
}

// Narrowed returns the part of a product that computes some of its columns.
func (s Stretch) Narrowed(m *device.Matmul) device.Matmul {
	part := *m
	part.Shape.N = s.columns
	part.B.View.Columns(s.column, s.column+s.columns)
	part.C.View.Columns(s.column, s.column+s.columns)
	part.Runs = m.Runs[s.run : s.run+s.runs]
	return part
}

// Lines are a batch of matrices in the words of vendor libraries: Rows lines
// of Columns neighbours, Lead elements apart. Transposed means that the lines
// are the matrix's columns.
type Lines struct {
	Elements               tensor.DType
	Offset, Batch          int // of the first matrix and to the next, in elements
	Rows, Columns          int
	Lead                   int
	Transposed, Contiguous bool // Contiguous: it can be said in these words
}

// LinesOf describes a region.
func LinesOf(r *device.Region) (l Lines) {
	v := &r.View
	d, s := v.Dims(), v.Strides()
	l = Lines{Elements: v.DType(), Offset: v.Offset(), Batch: s[0], Rows: d[1], Columns: d[2]}
	if d[0] == 1 {
		l.Batch = 0
	}
	if s[2] == 1 || d[2] == 1 {
		if l.Lead, l.Contiguous = lead(s[1], d[1], d[2]); l.Contiguous {
			return l
		}
	}
	if s[1] == 1 || d[1] == 1 {
		l.Rows, l.Columns, l.Transposed = d[2], d[1], true
		l.Lead, l.Contiguous = lead(s[2], d[2], d[1])
	}
	return l
}

// lead returns the distance of lines that lie a stride apart. That of a single
// line is not looked at, but must not be less than its length.
func lead(stride, lines, length int) (distance int, ok bool) {
	if lines == 1 {
		return length, true
	}
	return stride, stride >= length
}
