// softmax_vec: short rows, read once and kept in registers.

[[max_total_threads_per_threadgroup(1024)]]
kernel void softmax_vec(device const ElementA* x [[buffer(0)]],
                        device ElementC* y [[buffer(2)]],
                        constant SoftmaxArguments& args [[buffer(3)]],
                        device const RowRun* runs [[buffer(4)]],
                        uint3 group [[threadgroup_position_in_grid]],
                        uint3 place [[thread_position_in_threadgroup]],
                        uint3 size [[threads_per_threadgroup]],
                        uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float shared[1024];
  Team team = teamOf(place, size, lane);
  Row row = rowAt(x, y, args, runs, group.x * size.y + place.y);

  constexpr uint held = 2; // fours that a thread keeps
  float4 values[held];
  float4 most = float4(lowest);
  for (uint i = 0; i < held; i++) {
    values[i] = readFour(row, 4 * (i * team.size + team.index));
    most = maxOf(most, values[i]);
  }
  float top = teamMax(team, maxOf(most), shared);

  float4 sums = float4(0.0f);
  for (uint i = 0; i < held; i++) {
    values[i] = expOf(values[i] - top);
    sums += values[i];
  }
  float factor = 1.0f / teamSum(team, sumOf(sums), shared);

  for (uint i = 0; i < held; i++) {
    writeFour(row, 4 * (i * team.size + team.index), values[i] * factor);
  }
}
