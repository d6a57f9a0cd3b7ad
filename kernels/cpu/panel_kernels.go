package cpu

import "github.com/metallic-sched/metallic-sched/kernels/tensor"

// panelKernels are the generated functions of a level.
type panelKernels struct {
	// multiply is the product of a panel with 1, 2, 4 and 8 columns, tile that
	// with 8 which is part of a larger product.
	multiply [types][4]multiplier
	tile     [types][3]tiler // for the first 16, 32 and 48 rows of a panel
	apart    [3]tiler        // of float32, for columns that lie apart, and rows of A; may be nil
	pack     []packer        // of the most rows first
	copy     [types]copier   // packs contiguous columns, may be nil
	zip      [4]zipper
	zipped   int // rows that one block of zip takes
}

// types is the number of element types; typeIndex counts them from 0.
const types = 3

func typeIndex(dt tensor.DType) int { return int(dt - tensor.F32) }

// multiplier is described at mulF32x1AVX512.
type multiplier func(k int, a *byte, x *float32, xs int, c *float32, ldc int, more bool)

// tiler is described at mulF32x8TileAVX512 and mulF32x8TileApartAVX512.
type tiler func(k int, a *byte, as int, x *float32, xs int, c *float32, ldc int, more bool, next uintptr, lines int,
	out *float32, ldo int, alpha float32)

// copier is described at copyF32AVX512 and copyBF16AVX512.
type copier func(dst, src *byte, stride, k, rows int)

// packer packs a number of rows: see packWordsAVX512 and packHalvesAVX512.
type packer struct {
	rows          int
	words, halves func(dst, src *byte, stride, quads int)
}

// zipper is described at zip2AVX512.
type zipper func(dst *float32, columns *[8]*float32, blocks int)
