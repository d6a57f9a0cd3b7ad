// softmax_vec: short rows, read once and kept in registers.
extern "C" __global__ void __launch_bounds__(1024) softmax_vec(const GRID_CONSTANT Softmax p) {
  __shared__ float memory[64];
  Team t = team();
  Row row = rowAt(p, blockIdx.x * blockDim.y + threadIdx.y);

  constexpr uint held = 8; // fours that a thread keeps at most
  const uint step = 4 * t.size, columns = p.args.cols;
  Vector values[held];
  float most = LOWEST;
  UNROLL for (uint i = 0; i < held; i++) {
    if (i * step < columns) { // so for all threads
      values[i] = readFour(row, i * step + 4 * t.index);
    }
  }
  UNROLL for (uint i = 0; i < held; i++) {
    if (i * step < columns) {
      UNROLL for (uint e = 0; e < 4; e++) {
        most = Max::of(most, values[i].e[e]);
      }
    }
  }
  float top = joined<Max>(t, most, LOWEST, memory);

  float sums[4] = {};
  UNROLL for (uint i = 0; i < held; i++) {
    if (i * step < columns) {
      UNROLL for (uint e = 0; e < 4; e++) {
        values[i].e[e] = expf(values[i].e[e] - top);
        sums[e] += values[i].e[e];
      }
    }
  }
  float factor = 1.0f / joined<Sum>(t, sumOf(sums), 0.0f, memory + 32);

  UNROLL for (uint i = 0; i < held; i++) {
    if (i * step < columns) {
      UNROLL for (uint e = 0; e < 4; e++) {
        values[i].e[e] *= factor;
      }
      writeFour(row, i * step + 4 * t.index, values[i]);
    }
  }
}
