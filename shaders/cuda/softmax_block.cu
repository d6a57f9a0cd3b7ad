// softmax_block: rows of any length, by a block of threads each. Each pass goes
// over the row from left to right, four columns a thread.

// eachFour calls use(c, columns c to c+3) for the thread's columns below end,
// from left to right. Several reads are under way at a time.
template <typename Use> INLINE void eachFour(const Team& t, const Row& row, uint end, Use use) {
  constexpr uint ahead = 4;
  const uint step = 4 * t.size;
  uint c = 4 * t.index;
  for (; row.x_fours && c + (ahead - 1) * step + 4 <= row.attended; c += ahead * step) {
    Vector v[ahead];
    UNROLL for (uint i = 0; i < ahead; i++) {
      v[i] = loadVector(row.x + c + i * step);
    }
    UNROLL for (uint i = 0; i < ahead; i++) {
      use(c + i * step, v[i]);
    }
  }
  for (; c < end; c += step) {
    use(c, readFour(row, c));
  }
}

// normalise stores e^(x - top) * factor.
INLINE void normalise(const Team& t, const Row& row, float top, float factor) {
  eachFour(t, row, row.cols, [&](uint c, Vector v) {
    UNROLL for (uint e = 0; e < 4; e++) {
      v.e[e] = expf(v.e[e] - top) * factor;
    }
    writeFour(row, c, v);
  });
}

// Three passes: maximum, sum, result.
extern "C" __global__ void __launch_bounds__(1024) softmax_block(const GRID_CONSTANT Softmax p) {
  __shared__ float memory[64];
  Team t = team();
  Row row = rowAt(p, blockIdx.x);

  float most = LOWEST;
  eachFour(t, row, row.attended, [&](uint, const Vector& v) {
    UNROLL for (uint e = 0; e < 4; e++) {
      most = Max::of(most, v.e[e]);
    }
  });
  float top = joined<Max>(t, most, LOWEST, memory);

  float sums[4] = {};
  eachFour(t, row, row.attended, [&](uint, const Vector& v) {
    UNROLL for (uint e = 0; e < 4; e++) {
      sums[e] += expf(v.e[e] - top);
    }
  });
  normalise(t, row, top, 1.0f / joined<Sum>(t, sumOf(sums), 0.0f, memory + 32));
}

// Two passes: maximum and sum together, result. A new maximum rescales the sum
// so far.
extern "C" __global__ void __launch_bounds__(1024) softmax_block_online(const GRID_CONSTANT Softmax p) {
  __shared__ float memory[64];
  Team t = team();
  Row row = rowAt(p, blockIdx.x);

  float most = LOWEST, sums[4] = {};
  eachFour(t, row, row.attended, [&](uint, const Vector& v) {
    float higher = most;
    UNROLL for (uint e = 0; e < 4; e++) {
      higher = Max::of(higher, v.e[e]);
    }
    if (higher > most) {
      float factor = expf(most - higher);
      UNROLL for (uint e = 0; e < 4; e++) {
        sums[e] *= factor;
      }
      most = higher;
    }
    UNROLL for (uint e = 0; e < 4; e++) {
      sums[e] += expf(v.e[e] - most);
    }
  });
  float top = joined<Max>(t, most, LOWEST, memory);
  float sum = joined<Sum>(t, sumOf(sums) * expf(most - top), 0.0f, memory + 32);
  normalise(t, row, top, 1.0f / sum);
}
