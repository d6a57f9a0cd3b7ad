package launch_test

func init() { twins = append(twins, strandsTwins...) }

// strandsTwins are the mistakes of matmul_gemv and the small-N kernels.
var strandsTwins = []twin{
	{kernel: "matmul_gemv", mistake: "strands overlap", text: "k = lane * length", instead: "k = lane"},
	{kernel: "matmul_gemv", mistake: "a share of the strands is left out", text: "s < SHARE; s++", instead: "s < SHARE - 1; s++"},
	{kernel: "matmul_gemv", mistake: "shares are read too early", text: "    threadgroup_barrier(mem_flags::mem_threadgroup);\n"},
	{kernel: "matmul_gemv", mistake: "every column is the first", text: "v{a, b, group.z, group.y}", instead: "v{a, b, group.z, 0}"},
	{kernel: "matmul_gemv", mistake: "the tail of K is read on", text: "rows.aligned && end - k >= length", instead: "rows.aligned"},
	{kernel: "matmul_gemv", mistake: "B is read on", text: "column.aligned && k + 4 <= end", instead: "column.aligned"},
	{kernel: "matmul_gemv", mistake: "A is read as if contiguous", text: "rows.stride == 1 && places", instead: "places"},
	{kernel: "matmul_gemv", mistake: "B is read as if contiguous", text: "args.b.row == 1 && place % 4 == 0", instead: "place % 4 == 0"},
	{kernel: "matmul_gemv", mistake: "pieces of unaligned rows are vectors", text: " && places % Piece<ElementA>::length == 0"},
	{kernel: "matmul_gemv", mistake: "a pair is not added", text: "distance = Values; distance < Strands", instead: "distance = Values * 2; distance < Strands"},
	{kernel: "matmul_smalln_n1", mistake: "strands are not told apart", text: "k = strand * length", instead: "k = 0"},
	{kernel: "matmul_smalln_n2", mistake: "fours of a piece change places", text: "columns[n * Bucket<N>::pitch + f * STRANDS]", instead: "columns[n * Bucket<N>::pitch + (Piece<ElementA>::fours - 1 - f) * STRANDS]"},
	{kernel: "matmul_smalln_n4", mistake: "columns and rows change places", text: "first_row + row, first_column + column, sum)", instead: "first_row + column, first_column + row, sum)"},
	{kernel: "matmul_smalln_n4", mistake: "the second row of a lane is the first", text: "t.store(row + strand % rows,", instead: "t.store(row,"},
	{kernel: "matmul_smalln_n8", mistake: "every stretch is the first", text: "stage<N>(t, columns, first, t.args->k)", n: 1, instead: "stage<N>(t, columns, 0, t.args->k)"},
	{kernel: "matmul_smalln_n8", mistake: "a stretch is overwritten", text: "    threadgroup_barrier(mem_flags::mem_threadgroup); // the stretch before was used\n", n: 1},
	{kernel: "matmul_smalln_n16", mistake: "a stretch is read too early", text: "t.args->k);\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n", n: 1, instead: "t.args->k);\n"},
	{kernel: "matmul_smalln_n16", mistake: "shares overwrite the last stretch", text: "  threadgroup_barrier(mem_flags::mem_threadgroup); // the last stretch was used\n"},
	{kernel: "matmul_smalln_n16", mistake: "shares are read too early", text: "  }\n  threadgroup_barrier(mem_flags::mem_threadgroup);\n  for (uint n = t.simd_group;", instead: "  }\n  for (uint n = t.simd_group;"},
	{kernel: "matmul_smalln_n4", mistake: "sums overwrite what is used", text: "    threadgroup_barrier(mem_flags::mem_threadgroup); // what the memory held was used\n", withoutR: true},
	{kernel: "matmul_smalln_n8", mistake: "sums are read too early", text: "    }\n    threadgroup_barrier(mem_flags::mem_threadgroup);\n    if (mine", instead: "    }\n    if (mine", withoutR: true},
	{kernel: "matmul_smalln_n8", mistake: "sums of strands lie on each other", text: "memory[t.lane % STRANDS * pitch + row + r]", instead: "memory[t.lane % STRANDS * (pitch - 2) + row + r]", withoutR: true},
}
