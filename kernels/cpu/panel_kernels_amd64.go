//go:build !noasm

package cpu

import "unsafe"

var panelTables = [...]*panelKernels{
	AVX2: {
		multiply: [types][4]multiplier{
			{mulF32x1AVX2, mulF32x2AVX2, mulF32x4AVX2, twice(mulF32x4AVX2)},
			{mulF16x1AVX2, mulF16x2AVX2, mulF16x4AVX2, twice(mulF16x4AVX2)},
			{mulBF16x1AVX2, mulBF16x2AVX2, mulBF16x4AVX2, twice(mulBF16x4AVX2)},
		},
		tile:   [types][3]tiler{tiles(mulF32x4AVX2), tiles(mulF16x4AVX2), tiles(mulBF16x4AVX2)},
		pack:   []packer{{8, packWordsAVX2, packHalvesAVX2}},
		zip:    [4]zipper{nil, zip2AVX2, zip4AVX2, zip8AVX2},
		zipped: 8,
	},
	AVX512: {
		multiply: [types][4]multiplier{
			{mulF32x1AVX512, mulF32x2AVX512, mulF32x4AVX512, mulF32x8AVX512},
			{mulF16x1AVX512, mulF16x2AVX512, mulF16x4AVX512, mulF16x8AVX512},
			{mulBF16x1AVX512, mulBF16x2AVX512, mulBF16x4AVX512, mulBF16x8AVX512},
		},
		tile: [types][3]tiler{
			{mulF32x8Top16AVX512, mulF32x8Top32AVX512, mulF32x8TileAVX512},
			{mulF16x8Top16AVX512, mulF16x8Top32AVX512, mulF16x8TileAVX512},
			{mulBF16x8Top16AVX512, mulBF16x8Top32AVX512, mulBF16x8TileAVX512},
		},
		apart:  [3]tiler{mulF32x8Top16ApartAVX512, mulF32x8Top32ApartAVX512, mulF32x8TileApartAVX512},
		copy:   [types]copier{copyF32AVX512, copyF16AVX512, copyBF16AVX512},
		pack:   []packer{{16, packWordsAVX512, packHalvesAVX512}, {8, packWordsAVX2, packHalvesAVX2}},
		zip:    [4]zipper{nil, zip2AVX512, zip4AVX512, zip8AVX512},
		zipped: 16,
	},
}

// twice makes a product with 8 columns of one with 4: AVX2 has no registers
// for more.
func twice(four multiplier) multiplier {
	return func(k int, a *byte, x *float32, xs int, c *float32, ldc int, more bool) {
		four(k, a, x, xs, c, ldc, more)
		x4, c4 := unsafe.Add(unsafe.Pointer(x), 4*4), unsafe.Add(unsafe.Pointer(c), 4*4*ldc)
		four(k, a, (*float32)(x4), xs, (*float32)(c4), ldc, more)
	}
}

// tiles makes tiles of products with 4 columns, which take all rows of a panel.
func tiles(four multiplier) [3]tiler {
	eight := twice(four)
	var t [3]tiler
	for i := range t {
		rows := (i + 1) * 16
		t[i] = func(k int, a *byte, _ int, x *float32, xs int, c *float32, ldc int, more bool, _ uintptr, _ int,
			out *float32, ldo int, alpha float32,
		) {
			eight(k, a, x, xs, c, ldc, more)
			for j := 0; j < groupCols && out != nil; j++ {
				storeF32AVX2((*byte)(unsafe.Pointer(at(out, j*ldo))), at(c, j*ldc), rows, alpha)
			}
		}
	}
	return t
}
