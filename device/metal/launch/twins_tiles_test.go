package launch

// twin is a mistake in a kernel's source, which the suite must find.
type twin struct{ name, old, new string }

// The mistakes of what matmul_simd and matmul_mlx share, in tiles.metal.
var tilesTwins = []twin{
	{"tiles overlap", "* height, group.x / down * width", "* height, (group.x / down > 0 ? group.x / down * width - 1 : 0)"},
	{"rows are skipped", "group.y * down + group.x % down", "group.y * down + group.x % down / 2 * 2"},
	{"edge lines read too far", "line + t * lines < all_lines", "line + t * lines <= all_lines"},
	{"edge places read too far", "place + e < all_places", "place + e <= all_places"},
	{"edge counts the wrong way", "fetchEdge(deep ? sides : left, deep ? left : sides)", "fetchEdge(deep ? left : sides, deep ? sides : left)"},
	{"padding is not zero", "inside ? x : Staged(0)", "x"},
	{"vectors with gaps", "if (along == 1 && sides", "if (sides"},
	{"vectors past K", "sides >= Side && left >= Depth", "sides >= Side"},
	{"the same tile again", "origin += next;", ""},
	{"lines lie too near", "pass = long(lines) * across;", "pass = long(lines) * across / 2;"},
	{"rows past C are written", "row < p.args->m && col", "col"},
	{"columns past C are written", "&& col < p.args->n", ""},
}

// The mistakes of matmul_simd.
var simdTwins = append([]twin{
	{"tiles are not awaited", "threadgroup_barrier(mem_flags::mem_threadgroup); // the tiles are there", ""},
	{"tiles are overwritten", "threadgroup_barrier(mem_flags::mem_threadgroup); // nobody reads them any more", ""},
	{"sums are not awaited", "simdgroup_barrier(mem_flags::mem_threadgroup);\n        finishLines", "finishLines"},
	{"sums of columns are not awaited", "simdgroup_barrier(mem_flags::mem_threadgroup);\n      finishLines", "finishLines"},
	{"a block too few", "k < depth; k += 8", "k + 8 < depth; k += 8"},
	{"a tile too few", "k < args.k; k += depth", "k + depth <= args.k; k += depth"},
	{"a tile fetched too few", "args.k - k > depth", "args.k - k > depth + 8"},
	{"A is not turned", "+ k), stride_a, trans_a);", "+ k), stride_a, false);"},
	{"columns are not turned", "strip + 8 * r, long_side, ulong2(0, 0), true", "strip + 8 * r, long_side, ulong2(0, 0), false"},
	{"SIMD groups compute the same", "simd % Across * 8 * Cols", "0"},
	{"sums start anywhere", "block.clear();", ""},
}, tilesTwins...)

// The mistakes of matmul_mlx.
var mlxTwins = append([]twin{
	{"tiles are not awaited", "threadgroup_barrier(mem_flags::mem_threadgroup); // the tiles are there", ""},
	{"tiles are overwritten", "threadgroup_barrier(mem_flags::mem_threadgroup); // nobody reads them any more", ""},
	{"sums are not awaited", "threadgroup_barrier(mem_flags::mem_threadgroup);\n      finishLines", "finishLines"},
	{"sums are overwritten", "i + r, j, Rows, thread_index);\n      threadgroup_barrier(mem_flags::mem_threadgroup);", "i + r, j, Rows, thread_index);"},
	{"sums of columns are not awaited", "threadgroup_barrier(mem_flags::mem_threadgroup);\n    finishLines", "finishLines"},
	{"sums of columns are overwritten", "j + q, 4, thread_index);\n    threadgroup_barrier(mem_flags::mem_threadgroup);", "j + q, 4, thread_index);"},
	{"a term too few", "k < depth; k++", "k + 1 < depth; k++"},
	{"a tile too few", "k < args.k; k += depth", "k + depth <= args.k; k += depth"},
	{"a tile fetched too few", "args.k - k > depth", "args.k - k > depth + 1"},
	{"turned backwards", "+ line + t * lines] = held[t][e]", "+ line + t * lines] = held[t][3 - e]"},
	{"rows of C too near", "line * apart : place), col", "line : place), col"},
	{"columns of C too near", "place : line * apart);", "place : line);"},
	{"the wrong stride", "a + k * (Height + padding) + r", "a + k * Height + r"},
	{"groups compute the same", "group % across * 8", "0 * 8"},
}, tilesTwins...)
