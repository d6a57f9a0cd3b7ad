package launch_test

// The mistakes of tiles.metal, simd.metal and mlx.metal. What the kernels share
// is spoilt in one of them, if that does not matter.
func init() {
	const barrier = "threadgroup_barrier(mem_flags::mem_threadgroup);"
	for _, kernel := range []string{"matmul_simd", "matmul_mlx"} {
		twins = append(twins,
			twin{kernel: kernel, mistake: "tiles are not awaited", text: barrier + " // the tiles are there"},
			twin{kernel: kernel, mistake: "tiles are overwritten", text: barrier + " // nobody reads them any more"},
			twin{kernel: kernel, mistake: "a tile too few", text: "k < args.k; k += depth", instead: "k + depth <= args.k; k += depth"},
			twin{kernel: kernel, mistake: "a tile read too few", text: "args.k - k > depth", instead: "args.k - k > depth + 1"},
			twin{kernel: kernel, mistake: "tiles of A from the first row", text: "at(args.a, p.batch, i, 0)", instead: "at(args.a, p.batch, 0, 0)"},
			twin{kernel: kernel, mistake: "one matrix for all", text: "at(args.b, p.batch, 0, j)", instead: "at(args.b, 0, 0, j)"},
			twin{kernel: kernel, mistake: "padding is not zero", text: "inside ? x : Staged(0)", instead: "x"},
		)
	}
	twins = append(twins, tilesTwins...)
	twins = append(twins, simdTwins...)
	twins = append(twins, mlxTwins...)
}

var tilesTwins = []twin{
	{kernel: "matmul_mlx", mistake: "tiles overlap", text: "group.x / down * width", instead: "(group.x / down) * (width - 1)"},
	{kernel: "matmul_mlx", mistake: "tiles are skipped", text: "+ group.x % down)", instead: "+ group.x % down / 2 * 2)"},
	{kernel: "matmul_mlx", mistake: "a line too many", text: "line + t * lines < all_lines", instead: "line + t * lines <= all_lines"},
	{kernel: "matmul_mlx", mistake: "a place too many", text: "place + e < all_places", instead: "place + e <= all_places"},
	{kernel: "matmul_mlx", mistake: "lines for places", text: "(deep ? sides : left, deep ? left : sides)", instead: "(deep ? left : sides, deep ? sides : left)"},
	{kernel: "matmul_mlx", mistake: "gaps are not seen", text: "if (along == 1 && sides", instead: "if (sides"},
	{kernel: "matmul_mlx", mistake: "vectors past K", text: "sides >= Side && left >= Depth", instead: "sides >= Side"},
	{kernel: "matmul_simd", mistake: "vectors past the sides", text: "sides >= Side && left >= Depth", instead: "left >= Depth"},
	{kernel: "matmul_mlx", mistake: "the same tile again", text: "origin += next;"},
	{kernel: "matmul_mlx", mistake: "lines too near", text: "pass = long(lines) * across;", instead: "pass = long(lines - 1) * across;"},
	{kernel: "matmul_mlx", mistake: "turned backwards", text: "+ line + t * lines] = held[t][e]", instead: "+ line + t * lines] = held[t][3 - e]"},
	{kernel: "matmul_mlx", mistake: "a row past C", text: "row < p.args->m &&", instead: "row <= p.args->m &&"},
	{kernel: "matmul_simd", mistake: "a column past C", text: "col < p.args->n)", instead: "col <= p.args->n)"},
	{kernel: "matmul_mlx", mistake: "rows of C too near", text: "line * apart : place), col", instead: "line : place), col"},
	{kernel: "matmul_mlx", mistake: "columns of C too near", text: "place : line * apart);", instead: "place : line);"},
}

var simdTwins = []twin{
	{kernel: "matmul_simd", mistake: "rows of sums are not awaited", text: "simdgroup_barrier(mem_flags::mem_threadgroup);", n: 1},
	{kernel: "matmul_simd", mistake: "rows of sums are overwritten", text: "simdgroup_barrier(mem_flags::mem_threadgroup);", n: 2},
	{kernel: "matmul_simd", mistake: "columns of sums are not awaited", text: "simdgroup_barrier(mem_flags::mem_threadgroup);", n: 3},
	{kernel: "matmul_simd", mistake: "columns of sums are overwritten", text: "simdgroup_barrier(mem_flags::mem_threadgroup);", n: 4},
	{kernel: "matmul_simd", mistake: "SIMD groups share a strip", text: "+ simd * Strip", instead: "+ simd / 2 * Strip"},
	{kernel: "matmul_simd", mistake: "SIMD groups share a block", text: "simd / Across * 8 * Rows", instead: "0"},
	{kernel: "matmul_simd", mistake: "eight terms too few", text: "k < depth; k += 8", instead: "k + 8 < depth; k += 8"},
	{kernel: "matmul_simd", mistake: "A is not turned", text: "+ k), stride_a, trans_a);", instead: "+ k), stride_a, false);"},
	{kernel: "matmul_simd", mistake: "columns are not turned", text: "strip + 8 * r, stride, ulong2(0, 0), true", instead: "strip + 8 * r, stride, ulong2(0, 0), false"},
	{kernel: "matmul_simd", mistake: "sums of the last time", text: "sums[r][q] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);"},
}

var mlxTwins = []twin{
	{kernel: "matmul_mlx", mistake: "rows of sums are not awaited", text: "threadgroup_barrier(mem_flags::mem_threadgroup);", n: 1},
	{kernel: "matmul_mlx", mistake: "rows of sums are overwritten", text: "threadgroup_barrier(mem_flags::mem_threadgroup);", n: 2},
	{kernel: "matmul_mlx", mistake: "columns of sums are not awaited", text: "threadgroup_barrier(mem_flags::mem_threadgroup);", n: 3},
	{kernel: "matmul_mlx", mistake: "columns of sums are overwritten", text: "threadgroup_barrier(mem_flags::mem_threadgroup);", n: 4},
	{kernel: "matmul_mlx", mistake: "a term too few", text: "k < depth; k++", instead: "k + 1 < depth; k++"},
	{kernel: "matmul_mlx", mistake: "rows of a tile too near", text: "a + k * (Height + padding) + r", instead: "a + k * Height + r"},
	{kernel: "matmul_mlx", mistake: "groups share a block", text: "group / across * 4", instead: "0 * 4"},
}
