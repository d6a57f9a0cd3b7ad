package cpu

import "unsafe"

// pack widens the k x n matrix src into panels of width columns. A panel lies
// row after row: element (i, j) goes to dst[(j/width*k + i)*width + j%width].
// The last panel's missing columns are left as they are: what is computed from
// them is never stored. buf holds a row.
func pack(dst []float32, src Mat, k, n, width int, buf []float32) {
	if src.CS > src.RS || n == 1 || width == 1 {
		for j := range n {
			start := j/width*k*width + j%width
			load(dst[start:], width, src.T().row(j), k)
		}
		return
	}
	for i := range k {
		load(buf, 1, src.row(i), n)
		scatter(dst[i*width:], buf[:n], k*width, width)
	}
}

// scatter copies width elements of line at a time, step apart in dst.
func scatter(dst, line []float32, step, width int) {
	for len(line) >= 4 && width == 4 {
		*(*[4]float32)(dst) = [4]float32(line)
		line = line[4:]
		if len(line) > 0 {
			dst = dst[step:]
		}
	}
	for len(line) > 0 {
		n := copy(dst[:width], line)
		line = line[n:]
		if len(line) > 0 {
			dst = dst[step:]
		}
	}
}

// panels2 and panels4 view a packed panel as its rows.
func panels2(p []float32) [][2]float32 {
	return unsafe.Slice((*[2]float32)(unsafe.Pointer(unsafe.SliceData(p))), len(p)/2)
}

func panels4(p []float32) [][4]float32 {
	return unsafe.Slice((*[4]float32)(unsafe.Pointer(unsafe.SliceData(p))), len(p)/4)
}
