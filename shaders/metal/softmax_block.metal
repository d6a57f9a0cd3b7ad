// softmax_block: rows of any length, by a threadgroup each. Each pass goes over
// the row from left to right, four columns a thread.

// normalise stores e^(x - top) * factor.
inline void normalise(Team team, Row row, float top, float factor) {
  for (uint c = 4 * team.index; c < row.cols; c += 4 * team.size) {
    writeFour(row, c, expOf(readFour(row, c) - top) * factor);
  }
}

// Three passes: maximum, sum, result.
[[max_total_threads_per_threadgroup(1024)]]
kernel void softmax_block(device const ElementA* x [[buffer(0)]],
                          device ElementC* y [[buffer(2)]],
                          constant SoftmaxArguments& args [[buffer(3)]],
                          device const RowRun* runs [[buffer(4)]],
                          uint3 group [[threadgroup_position_in_grid]],
                          uint3 place [[thread_position_in_threadgroup]],
                          uint3 size [[threads_per_threadgroup]],
                          uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float shared[1024];
  Team team = teamOf(place, size, lane);
  Row row = rowAt(x, y, args, runs, group.x);

  float4 most = float4(lowest);
  for (uint c = 4 * team.index; c < row.attended; c += 4 * team.size) {
    most = maxOf(most, readFour(row, c));
  }
  float top = teamMax(team, maxOf(most), shared);

  float4 sums = float4(0.0f);
  for (uint c = 4 * team.index; c < row.attended; c += 4 * team.size) {
    sums += expOf(readFour(row, c) - top);
  }
  normalise(team, row, top, 1.0f / teamSum(team, sumOf(sums), shared));
}

// Two passes: maximum and sum together, result. A new maximum rescales the sum
// so far.
[[max_total_threads_per_threadgroup(1024)]]
kernel void softmax_block_online(device const ElementA* x [[buffer(0)]],
                                 device ElementC* y [[buffer(2)]],
                                 constant SoftmaxArguments& args [[buffer(3)]],
                                 device const RowRun* runs [[buffer(4)]],
                                 uint3 group [[threadgroup_position_in_grid]],
                                 uint3 place [[thread_position_in_threadgroup]],
                                 uint3 size [[threads_per_threadgroup]],
                                 uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float shared[1024];
  Team team = teamOf(place, size, lane);
  Row row = rowAt(x, y, args, runs, group.x);

  float most = lowest;
  float4 sums = float4(0.0f);
  for (uint c = 4 * team.index; c < row.attended; c += 4 * team.size) {
    float4 values = readFour(row, c);
    float higher = maxOf(maxOf(float4(most), values));
    if (higher > most) {
      sums *= precise::exp(most - higher);
      most = higher;
    }
    sums += expOf(values - most);
  }
  float top = teamMax(team, most, shared);
  float sum = teamSum(team, sumOf(sums) * precise::exp(most - top), shared);
  normalise(team, row, top, 1.0f / sum);
}
