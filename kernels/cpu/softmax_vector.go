//go:build amd64 && !noasm

package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

const (
	// vectorElements bounds the elements of one call: some 30 µs of work.
	vectorElements = 1 << 16
	// vectorRow bounds the length of a row for the same reason.
	vectorRow = 160 << 10
	// fetched is how many bytes ahead memory is read.
	fetched = 8 << 10
)

// softmaxVector normalises rows, contiguous or not, that attend to the first n
// columns of each of x, and returns how many of them it has done: all, one, or
// none where there is no kernel for them. The bits do not depend on how rows
// lie.
func softmaxVector(s *Scratch, x, y Mat, rows, n int) int {
	if level != AVX512 || n > vectorRow {
		return 0
	}
	if x.Type != y.Type || x.CS != 1 || y.CS != 1 {
		gathered(s, x, y, n)
		return 1
	}
	most := max(1, vectorElements/n)
	for r := 0; r < rows; r += most {
		softmaxRows(s, x.from(0, r, 0), y.from(0, r, 0), min(most, rows-r), n)
	}
	return rows
}

// gathered normalises one row by way of contiguous memory: as it is, or widened
// if the types differ.
func gathered(s *Scratch, x, y Mat, n int) {
	if x.Type == tensor.F32 || x.Type != y.Type {
		row := s.rowOf(n)
		load(row, 1, x.row(0), n)
		there := Mat{Ptr: unsafe.Pointer(&row[0]), Type: tensor.F32}
		softmaxRows(s, there, there, 1, n)
		store(y.row(0), row)
		return
	}
	if cap(s.halves) < n {
		s.halves = make([]uint16, n)
	}
	row := s.halves[:n]
	for i := range row {
		row[i] = *(*uint16)(x.from(0, 0, i).Ptr)
	}
	there := Mat{Ptr: unsafe.Pointer(&row[0]), Type: x.Type}
	softmaxRows(s, there, there, 1, n)
	for i := range row {
		*(*uint16)(y.from(0, 0, i).Ptr) = row[i]
	}
}

// softmaxRows normalises rows of contiguous elements.
func softmaxRows(s *Scratch, x, y Mat, rows, n int) {
	size := x.Type.Size()
	px, py, xs, ys := (*byte)(x.Ptr), (*byte)(y.Ptr), x.RS*size, y.RS*size
	ahead := xs // the next row, or further on if rows are short
	if x.RS == n {
		ahead = max(xs, fetched)
	}
	switch x.Type {
	case tensor.F32:
		softmaxF32AVX512(px, py, (*float32)(y.Ptr), xs, ys, rows, n, ahead)
	case tensor.F16:
		softmaxF16AVX512(px, py, &s.rowOf(n)[0], xs, ys, rows, n, ahead)
	case tensor.BF16:
		softmaxBF16AVX512(px, py, &s.rowOf(n)[0], xs, ys, rows, n, ahead)
	}
}
