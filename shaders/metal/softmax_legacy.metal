// softmax_legacy: the plain softmax, one column at a time, wherever it lies. A
// threadgroup has a row, and joins in threadgroup memory what its threads found.
[[max_total_threads_per_threadgroup(1024)]]
kernel void softmax_legacy(device const ElementA* x [[buffer(0)]],
                           device ElementC* y [[buffer(2)]],
                           constant SoftmaxArguments& args [[buffer(3)]],
                           device const RowRun* runs [[buffer(4)]],
                           uint3 group [[threadgroup_position_in_grid]],
                           uint3 place [[thread_position_in_threadgroup]],
                           uint3 size [[threads_per_threadgroup]]) {
  threadgroup float shared[1024];
  Team team = teamOf(place, size, 0);
  Row row = rowAt(x, y, args, runs, group.x);

  float most = lowest;
  for (uint c = team.index; c < row.attended; c += team.size) {
    most = Max::of(most, widen(row.x[long(c) * row.xStep]));
  }
  most = tree<Max>(team, most, shared);

  float sum = 0.0f;
  for (uint c = team.index; c < row.attended; c += team.size) {
    sum += precise::exp(widen(row.x[long(c) * row.xStep]) - most);
  }
  sum = tree<Sum>(team, sum, shared);

  for (uint c = team.index; c < row.cols; c += team.size) {
    float share = 0.0f;
    if (c < row.attended) {
      share = precise::exp(widen(row.x[long(c) * row.xStep]) - most) / sum;
    }
    row.y[long(c) * row.yStep] = narrow<ElementC>(share);
  }
}
