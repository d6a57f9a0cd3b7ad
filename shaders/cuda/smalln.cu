// matmul_smalln_n1 to n16, and wider ones for many jobs together: A is read
// once for all columns of a block.
//
// If A and B are both f16 or both bf16, the products are made by tensor cores:
// K is cut into chunks of 64, chunk c belongs to warp c % 8, and a warp adds
// up its chunks in four steps of 16 each. The warps' sums are then added in
// pairs. In a step a lane has eight neighbours along K of a row and of a
// column, not those that the instruction's own layout says: A and B are
// permuted alike, so each load is of 16 bytes. The order of the sum depends on
// K alone: a column stands alone in the instruction.
//
// Other types use multiply-adds in eight strands: for one or two columns A is
// read straight into registers, see strands.cu, for more of them it passes
// through shared memory, see strand_tiles.cu.
#define WARPS 8
#define CHUNK 64
#define THREADS (WARPS * 32)

#if TENSOR_CORES

// Eights are eight neighbours along K, two in a word.
struct Eights {
  uint word[4];
};

// Lines are rows of A or columns of B. Those past the last are the last one:
// what they give is not stored.
template <uint Count> struct Lines {
  const ElementA* base;
  long stride;       // along K
  long place[Count]; // of the lines, in elements

  // even reports whether eights may be read at once, in all lines of the operand.
  static __device__ __forceinline__ bool even(const ElementA* base, long first, long batch, long along_k, long across) {
    return along_k == 1 && (size_t)(base + first) % 16 == 0 && batch % 8 == 0 && across % 8 == 0;
  }

  // whole reads eight neighbours at once.
  __device__ __forceinline__ Eights whole(uint line, uint k) const {
    uint4 v = *(const uint4*)(base + place[line] + k);
    return Eights{{v.x, v.y, v.z, v.w}};
  }

  // any reads eight elements wherever they lie; those past the end are 0.
  __device__ __forceinline__ Eights any(uint line, uint k, uint end) const {
    Eights x;
    UNROLL for (uint w = 0; w < 4; w++) {
      x.word[w] = one(line, k + 2 * w, end) | one(line, k + 2 * w + 1, end) << 16;
    }
    return x;
  }

  __device__ __forceinline__ uint one(uint line, uint k, uint end) const {
    return k < end ? base[place[line] + long(k) * stride].bits : 0;
  }
};

// add adds the products of half a chunk.
template <uint Rows, uint Cols> INLINE void add(float (*sums)[Cols][4], const Eights* a, const Eights* b) {
  UNROLL for (uint step = 0; step < 4; step += 2) {
    UNROLL for (uint n = 0; n < Cols; n++) {
      UNROLL for (uint r = 0; r < Rows; r++) {
        const Eights &upper = a[2 * r], &lower = a[2 * r + 1];
        multiplyAdd(sums[r][n], upper.word[step], lower.word[step], upper.word[step + 1], lower.word[step + 1],
                    b[n].word[step], b[n].word[step + 1]);
      }
    }
  }
}

// smalln computes 16*Rows rows and 8*Cols columns with eight warps.
template <uint Rows, uint Cols> INLINE void smalln(const Product& p) {
  extern __shared__ float memory[]; // the warps' sums
  enum : uint { pitch = 8 * Cols + 1, all = 16 * Rows * pitch };
  const uint lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, quarter = lane % 4;
  const Place place = placeOf(p.args, 16 * Rows, 8 * Cols);
  const uint i = place.i, j = place.j, batch = place.batch, end = p.args.k;
  const Matrix &ma = p.args.a, &mb = p.args.b;
  Lines<2 * Rows> rows{p.a, ma.col};
  Lines<Cols> cols{p.b, mb.row};
  UNROLL for (uint r = 0; r < 2 * Rows; r++) {
    rows.place[r] = at(ma, batch, least(i + r * 8 + group, p.args.m - 1), 0);
  }
  UNROLL for (uint n = 0; n < Cols; n++) {
    cols.place[n] = at(mb, batch, 0, least(j + n * 8 + group, p.args.n - 1));
  }
  const bool even = rows.even(p.a, ma.offset, ma.batch, ma.col, ma.row) && cols.even(p.b, mb.offset, mb.batch, mb.row, mb.col);
  float sums[Rows][Cols][4] = {};
  uint first = warp * CHUNK;
  if (even) {
    for (; first + CHUNK <= end; first += WARPS * CHUNK) {
      Eights a[2][2 * Rows], b[2][Cols];
      UNROLL for (uint half = 0; half < 2; half++) {
        UNROLL for (uint r = 0; r < 2 * Rows; r++) {
          a[half][r] = rows.whole(r, first + half * 32 + quarter * 8);
        }
      }
      UNROLL for (uint half = 0; half < 2; half++) {
        UNROLL for (uint n = 0; n < Cols; n++) {
          b[half][n] = cols.whole(n, first + half * 32 + quarter * 8);
        }
      }
      add<Rows, Cols>(sums, a[0], b[0]);
      add<Rows, Cols>(sums, a[1], b[1]);
    }
  }
  for (; first < end; first += WARPS * CHUNK) {
    UNROLL for (uint half = 0; half < 2; half++) {
      const uint k = first + half * 32 + quarter * 8;
      Eights a[2 * Rows], b[Cols];
      UNROLL for (uint r = 0; r < 2 * Rows; r++) {
        a[r] = rows.any(r, k, end);
      }
      UNROLL for (uint n = 0; n < Cols; n++) {
        b[n] = cols.any(n, k, end);
      }
      add<Rows, Cols>(sums, a, b);
    }
  }
  UNROLL for (uint r = 0; r < Rows; r++) {
    UNROLL for (uint n = 0; n < Cols; n++) {
      UNROLL for (uint e = 0; e < 4; e++) {
        memory[warp * all + (r * 16 + e / 2 * 8 + group) * pitch + n * 8 + quarter * 2 + e % 2] = sums[r][n][e];
      }
    }
  }
  __syncthreads();
  const bool down = p.args.c.row < p.args.c.col; // C is contiguous along columns
  for (uint e = threadIdx.x; e < 16 * Rows * 8 * Cols; e += THREADS) {
    uint r = down ? e % (16 * Rows) : e / (8 * Cols), n = down ? e / (16 * Rows) : e % (8 * Cols);
    if (i + r < p.args.m && j + n < p.args.n) {
      const float* s = memory + r * pitch + n;
      float sum = ((s[0 * all] + s[4 * all]) + (s[2 * all] + s[6 * all])) + ((s[1 * all] + s[5 * all]) + (s[3 * all] + s[7 * all]));
      p.finish(p.run(j + n), batch, i + r, j + n, sum);
    }
  }
}

#define SMALLN(NAME, ROWS, COLS) \
  extern "C" __global__ void __launch_bounds__(THREADS) NAME(const GRID_CONSTANT Product p) { smalln<ROWS, COLS>(p); }

// The instruction has eight columns: n1, n2 and n4 would be the same as n8.
SMALLN(matmul_smalln_n8, 1, 1)
SMALLN(matmul_smalln_n16, 1, 2)
SMALLN(matmul_smalln_n32, 1, 4)
SMALLN(matmul_smalln_n32_tall, 2, 4)
SMALLN(matmul_smalln_n64, 2, 8)

#else

#define SMALLN_LINES(NAME, COLS)                                                                          \
  extern "C" __global__ void __launch_bounds__(THREADS) NAME(const GRID_CONSTANT Product p) {             \
    const Place at = placeOf(p.args, THREADS / STRANDS, COLS);                                            \
    strands<STRANDS, 1, COLS, 16>(p, at.batch, at.i + threadIdx.x / STRANDS, at.j, threadIdx.x % STRANDS); \
  }                                                                                                       \
  extern "C" __global__ void __launch_bounds__(THREADS) NAME##_long(const GRID_CONSTANT Product p) {      \
    lineStretches<COLS, 16>(p);                                                                           \
  }

SMALLN_LINES(matmul_smalln_n1, 1)
SMALLN_LINES(matmul_smalln_n2, 2)

#define SMALLN(NAME, DOWN, RIGHT, STAGES, DEPTH)                                                              \
  extern "C" __global__ void __launch_bounds__(THREADS, DOWN * RIGHT < 64 ? 2 : 1) NAME(const GRID_CONSTANT Product p) { \
    strandTiles<DOWN, RIGHT, STAGES, DEPTH>(p);                                                               \
  }

SMALLN(matmul_smalln_n4, 2, 1, 8, 64)
SMALLN(matmul_smalln_n8, 2, 2, 8, 64)
SMALLN(matmul_smalln_n8_high, 4, 2, 6, 64)
SMALLN(matmul_smalln_n8_tall, 8, 2, 4, 64)
SMALLN(matmul_smalln_n16_low, 2, 4, 8, 64)
SMALLN(matmul_smalln_n16, 4, 4, 5, 64)
SMALLN(matmul_smalln_n16_tall, 8, 4, 4, 64)
SMALLN(matmul_smalln_n32_low, 2, 8, 6, 64)
SMALLN(matmul_smalln_n32, 4, 8, 3, 128)
SMALLN(matmul_smalln_n64_tall, 8, 16, 3, 128)

#endif
