// softmax_legacy: the plain softmax, one column at a time, wherever it lies. A
// block of threads has a row, and joins in shared memory what they found.

template <typename Join> INLINE float tree(const Team& t, float value, float* memory) {
  __syncthreads(); // the last result was read
  memory[t.index] = value;
  for (uint reach = t.size / 2; reach > 0; reach /= 2) {
    __syncthreads();
    if (t.index < reach) {
      memory[t.index] = Join::of(memory[t.index], memory[t.index + reach]);
    }
  }
  __syncthreads();
  return memory[0];
}

extern "C" __global__ void __launch_bounds__(1024) softmax_legacy(const GRID_CONSTANT Softmax p) {
  __shared__ float memory[1024];
  Team t = team();
  Row row = rowAt(p, blockIdx.x);

  float most = LOWEST;
  for (uint c = t.index; c < row.attended; c += t.size) {
    most = Max::of(most, widen(row.x[long(c) * row.x_step]));
  }
  most = tree<Max>(t, most, memory);

  float sum = 0.0f;
  for (uint c = t.index; c < row.attended; c += t.size) {
    sum += expf(widen(row.x[long(c) * row.x_step]) - most);
  }
  sum = tree<Sum>(t, sum, memory);

  for (uint c = t.index; c < row.cols; c += t.size) {
    float share = 0.0f;
    if (c < row.attended) {
      share = expf(widen(row.x[long(c) * row.x_step]) - most) / sum;
    }
    row.y[long(c) * row.y_step] = narrow<ElementC>(share);
  }
}
