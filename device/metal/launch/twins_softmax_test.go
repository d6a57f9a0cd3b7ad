package launch

// softmaxTwins are mistakes in the softmax kernels that the suite must find.
// The old text stands once in the source; kernel is the row that shows it.
var softmaxTwins = []struct{ kernel, name, old, new string }{
	// rows.metal
	{"softmax_vec", "reads what is masked", "row.xFours && c + 4 <= row.attended", "row.xFours && c + 4 <= row.cols"},
	{"softmax_block", "reads past the row", "row.xFours && c + 4 <= row.attended", "row.xFours && c < row.attended"},
	{"softmax_vec", "writes past the row", "row.yFours && c + 4 <= row.cols", "row.yFours && c < row.cols"},
	{"softmax_vec", "takes any stride for 1", "return step == 1 && (first & 3) == 0", "return (first & 3) == 0"},
	{"softmax_block", "stride of X for Y", "row.yStep = args.y.col", "row.yStep = args.x.col"},
	{"softmax_vec", "counts rows from the first run", "long(r - run.first) * run.step", "long(r) * run.step"},
	{"softmax_vec", "a limit below 0", "limit <= 0 ? 0 : ", ""},
	{"softmax_vec", "limit beyond the columns", "limit < long(row.cols) ? uint(limit) : row.cols", "uint(limit)"},
	{"softmax_vec", "rows after the last", "row.cols = exists ? run.cols : 0", "row.cols = run.cols"},
	{"softmax_block", "what is masked counts 0", "float4 v = float4(-INFINITY)", "float4 v = float4(0.0f)"},
	{"softmax_vec", "masked columns are NaN where a row is", "v[k] = c + k < row.attended ? v[k] : 0.0f", "v[k] = v[k]"},

	// team.metal
	{"softmax_block", "no barrier before a sum", "  threadgroup_barrier(mem_flags::mem_threadgroup); // the last result was read\n", ""},
	{"softmax_block", "no barrier in the tree", "    threadgroup_barrier(mem_flags::mem_threadgroup);\n    if (team.index < reach)", "    if (team.index < reach)"},
	{"softmax_block", "no barrier after the tree", "  threadgroup_barrier(mem_flags::mem_threadgroup);\n  return shared[team.first]", "  return shared[team.first]"},
	{"softmax_legacy", "no barrier before a sum", "  threadgroup_barrier(mem_flags::mem_threadgroup); // the last result was read\n", ""},
	{"softmax_legacy", "the tree leaves out half", "uint reach = team.size / 2", "uint reach = team.size / 4"},
	{"softmax_block", "no barrier between SIMD groups", "  threadgroup_barrier(mem_flags::mem_threadgroup);\n  return team.lane < ", "  return team.lane < "},
	{"softmax_block", "sums over maxima", "sumsAt = 32", "sumsAt = 0"},
	{"softmax_block", "leaves out a SIMD group", "team.lane < team.size / 32 ?", "team.lane + 1 < team.size / 32 ?"},
	{"softmax_vec", "teams share their maxima", "place.y * size.x", "0"},
	{"softmax_block_online", "the maximum of nothing is -Inf", "lowest = -FLT_MAX", "lowest = -INFINITY"},

	// the kernels
	{"softmax_vec", "keeps half", "held = 2", "held = 1"},
	{"softmax_vec", "no maximum", "precise::exp(values[i] - top)", "precise::exp(values[i])"},
	{"softmax_block", "does not store what is masked", "c < row.cols; c += 4 * team.size", "c < row.attended; c += 4 * team.size"},
	{"softmax_block", "the first block only", "c < row.attended; c += 4 * team.size) {\n    sums", "c < row.attended; c += 1 << 30) {\n    sums"},
	{"softmax_block_online", "forgets to rescale", "sums *= precise::exp(most - higher);", ""},
	{"softmax_block_online", "adds sums of different maxima", "sumOf(sums) * precise::exp(most - top)", "sumOf(sums)"},
}
