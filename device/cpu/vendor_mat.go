package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// from returns the part of a matrix of a batch that starts at element (i, j).
func from(m cpu.Mat, matrix, i, j int) cpu.Mat {
	m.Ptr = unsafe.Add(m.Ptr, (matrix*m.BS+i*m.RS+j*m.CS)*m.Type.Size())
	m.BS = 0
	return m
}

// describe says a matrix in the words of BLAS; ok is false if it has none.
func describe(m cpu.Mat, rows, cols int) (d blas.Matrix, ok bool) {
	if m.Type != tensor.F32 {
		return d, false
	}
	if m.CS == 1 || cols == 1 {
		if ld, ok := leading(m.RS, rows, cols); ok {
			return blas.Matrix{Ptr: m.Ptr, LD: ld}, true
		}
	}
	if m.RS == 1 || rows == 1 {
		if ld, ok := leading(m.CS, cols, rows); ok {
			return blas.Matrix{Ptr: m.Ptr, LD: ld, Trans: true}, true
		}
	}
	return d, false
}

// leading returns the leading dimension of lines that lie a stride apart. That
// of a single line is not looked at, but must not be less than its length.
func leading(stride, lines, length int) (ld int, ok bool) {
	if lines == 1 {
		return length, true
	}
	return stride, stride >= length && stride <= blas.Most
}

// widened copies a matrix to rows of float32, one after another.
func widened(memory *[]float32, m cpu.Mat, rows, cols int) []float32 {
	out := grown(memory, rows*cols)
	for i := range rows {
		line := out[i*cols : (i+1)*cols]
		for j := range line {
			line[j] = value(m, i, j)
		}
	}
	return out
}

// grown returns n elements of memory that is kept for the next time.
func grown(memory *[]float32, n int) []float32 {
	if cap(*memory) < n {
		*memory = make([]float32, n)
	}
	return (*memory)[:n]
}

// addBiases adds to h x w elements of C, from (i, j) on, the biases of the runs
// that they belong to.
func (s *stretch) addBiases(i, j, h, w int) {
	s.each(i, j, h, w, func(c, bias cpu.Mat, _, _, h, w int) {
		if bias.Ptr == nil {
			return
		}
		for i := range h {
			for j := range w {
				setValue(c, i, j, value(c, i, j)+value(bias, i, j))
			}
		}
	})
}

// finish stores alpha*sums + beta*C + bias.
func (s *stretch) finish(sums []float32, i, j, h, w int) {
	ld := w
	s.each(i, j, h, w, func(c, bias cpu.Mat, i0, j0, h, w int) {
		for i := range h {
			for j := range w {
				x := float32(s.alpha * sums[(i0+i)*ld+j0+j])
				if s.beta != 0 {
					x += float32(s.beta * value(c, i, j))
				}
				if bias.Ptr != nil {
					x += value(bias, i, j)
				}
				setValue(c, i, j, x)
			}
		}
	})
}

// each calls f for the part of every run in h x w elements of C from (i, j) on,
// with its place in the block and its size.
func (s *stretch) each(i, j, h, w int, f func(c, bias cpu.Mat, i0, j0, h, w int)) {
	at := 0
	for r := range s.runs {
		run := &s.runs[r]
		lo, hi := at, at+run.Columns
		at = hi
		bias, i0, i1, j0, j1 := run.Bias, i, i+h, j, j+w
		if s.mirrored {
			bias, i0, i1 = bias.T(), max(i0, lo), min(i1, hi)
		} else {
			j0, j1 = max(j0, lo), min(j1, hi)
		}
		if i0 >= i1 || j0 >= j1 {
			continue
		}
		if bias.Ptr != nil && s.mirrored {
			bias = from(bias, 0, i0-lo, j0)
		} else if bias.Ptr != nil {
			bias = from(bias, 0, i0, j0-lo)
		}
		f(from(s.c, 0, i0, j0), bias, i0-i, j0-j, i1-i0, j1-j0)
	}
}

// value widens one element.
func value(m cpu.Mat, i, j int) float32 {
	p := unsafe.Add(m.Ptr, (i*m.RS+j*m.CS)*m.Type.Size())
	switch m.Type {
	case tensor.F16:
		return (*(*tensor.Float16)(p)).Float32()
	case tensor.BF16:
		return (*(*tensor.BFloat16)(p)).Float32()
	case tensor.F32:
	}
	return *(*float32)(p)
}

// setValue rounds x to the type of the matrix.
func setValue(m cpu.Mat, i, j int, x float32) {
	p := unsafe.Add(m.Ptr, (i*m.RS+j*m.CS)*m.Type.Size())
	switch m.Type {
	case tensor.F16:
		*(*tensor.Float16)(p) = tensor.ToFloat16(x)
	case tensor.BF16:
		*(*tensor.BFloat16)(p) = tensor.ToBFloat16(x)
	case tensor.F32:
		*(*float32)(p) = x
	}
}
