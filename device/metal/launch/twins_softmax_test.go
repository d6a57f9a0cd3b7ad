package launch_test

func init() { twins = append(twins, softmaxTwins...) }

var softmaxTwins = []twin{
	// rows.metal
	{kernel: "softmax_vec", mistake: "reads what is masked", text: "row.xFours && c + 4 <= row.attended", instead: "row.xFours && c + 4 <= row.cols"},
	{kernel: "softmax_block", mistake: "reads past the row", text: "row.xFours && c + 4 <= row.attended", instead: "row.xFours && c < row.attended"},
	{kernel: "softmax_vec", mistake: "writes past the row", text: "row.yFours && c + 4 <= row.cols", instead: "row.yFours && c < row.cols"},
	{kernel: "softmax_vec", mistake: "takes any stride for 1", text: "return step == 1 && (first & 3) == 0", instead: "return (first & 3) == 0"},
	{kernel: "softmax_block", mistake: "stride of X for Y", text: "row.yStep = args.y.col", instead: "row.yStep = args.x.col"},
	{kernel: "softmax_vec", mistake: "counts rows from the first run", text: "long(r - run.first) * run.step", instead: "long(r) * run.step"},
	{kernel: "softmax_vec", mistake: "a limit below 0", text: "limit <= 0 ? 0 : ", instead: ""},
	{kernel: "softmax_vec", mistake: "limit beyond the columns", text: "limit < long(row.cols) ? uint(limit) : row.cols", instead: "uint(limit)"},
	{kernel: "softmax_vec", mistake: "rows after the last", text: "row.cols = exists ? run.cols : 0", instead: "row.cols = run.cols"},
	{kernel: "softmax_block", mistake: "what is masked counts 0", text: "float4 v = float4(-INFINITY)", instead: "float4 v = float4(0.0f)"},
	{kernel: "softmax_vec", mistake: "masked columns are NaN where a row is", text: "v[k] = c + k < row.attended ? v[k] : 0.0f", instead: "v[k] = v[k]"},

	// team.metal
	{kernel: "softmax_block", mistake: "no barrier before a sum", text: "  threadgroup_barrier(mem_flags::mem_threadgroup); // the last result was read\n", instead: "", withoutR: true},
	{kernel: "softmax_block", mistake: "no barrier in the tree", text: "    threadgroup_barrier(mem_flags::mem_threadgroup);\n    if (team.index < reach)", instead: "    if (team.index < reach)", withoutR: true},
	{kernel: "softmax_block", mistake: "no barrier after the tree", text: "  threadgroup_barrier(mem_flags::mem_threadgroup);\n  return shared[team.first]", instead: "  return shared[team.first]", withoutR: true},
	{kernel: "softmax_legacy", mistake: "no barrier before a sum", text: "  threadgroup_barrier(mem_flags::mem_threadgroup); // the last result was read\n", instead: ""},
	{kernel: "softmax_legacy", mistake: "the tree leaves out half", text: "uint reach = team.size / 2", instead: "uint reach = team.size / 4"},
	{kernel: "softmax_block", mistake: "no barrier between SIMD groups", text: "  threadgroup_barrier(mem_flags::mem_threadgroup);\n  return team.lane < ", instead: "  return team.lane < "},
	{kernel: "softmax_block", mistake: "sums over maxima", text: "sumsAt = 32", instead: "sumsAt = 0"},
	{kernel: "softmax_block", mistake: "leaves out a SIMD group", text: "team.lane < team.size / 32 ?", instead: "team.lane + 1 < team.size / 32 ?"},
	{kernel: "softmax_vec", mistake: "teams share their maxima", text: "place.y * size.x", instead: "0"},
	{kernel: "softmax_block_online", mistake: "the maximum of nothing is -Inf", text: "lowest = -FLT_MAX", instead: "lowest = -INFINITY"},

	// the kernels
	{kernel: "softmax_vec", mistake: "keeps half", text: "held = 2", instead: "held = 1"},
	{kernel: "softmax_vec", mistake: "no maximum", text: "expOf(values[i] - top)", instead: "expOf(values[i])"},
	{kernel: "softmax_block", mistake: "does not store what is masked", text: "c < row.cols; c += 4 * team.size", instead: "c < row.attended; c += 4 * team.size"},
	{kernel: "softmax_block", mistake: "the first block only", text: "c < row.attended; c += 4 * team.size) {\n    sums", instead: "c < row.attended; c += 1 << 30) {\n    sums"},
	{kernel: "softmax_block_online", mistake: "forgets to rescale", text: "sums *= precise::exp(most - higher);", instead: ""},
	{kernel: "softmax_block_online", mistake: "adds sums of different maxima", text: "sumOf(sums) * precise::exp(most - top)", instead: "sumOf(sums)"},
}
