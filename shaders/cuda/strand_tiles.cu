// Tiles of C in strands as strands.cu has them, eight for a sum: a warp has a
// strand of all elements of the tile. Tiles of A and B pass through shared
// memory as f32, Depth k at a time, some ahead of their use.
#define STRANDS 8
#define STRAND_THREADS (STRANDS * 32)

// finishStrands adds the strands' sums in pairs of neighbours, and so on, and
// stores the tile.
template <uint Down, uint Right>
INLINE void finishStrands(const Product& p, float* memory, const float (*sums)[Right], uint batch, uint i, uint j) {
  enum : uint { height = 8 * Down, width = 4 * Right, pitch = width + 1, all = height * pitch };
  const uint lane = threadIdx.x % 32, strand = threadIdx.x / 32;
  UNROLL for (uint r = 0; r < Down; r++) {
    UNROLL for (uint c = 0; c < Right; c++) {
      memory[strand * all + (lane / 4 + 8 * r) * pitch + lane % 4 + 4 * c] = sums[r][c];
    }
  }
  __syncthreads();
  const bool steep = p.args.c.row < p.args.c.col;
  for (uint e = threadIdx.x; e < height * width; e += STRAND_THREADS) {
    const uint r = steep ? e % height : e / width, c = steep ? e / height : e % width;
    if (i + r < p.args.m && j + c < p.args.n) {
      const float* s = memory + r * pitch + c;
      p.finish(p.run(j + c), batch, i + r, j + c,
               ((s[0] + s[all]) + (s[2 * all] + s[3 * all])) + ((s[4 * all] + s[5 * all]) + (s[6 * all] + s[7 * all])));
    }
  }
}

// strandTiles computes tiles of 8*Down x 4*Right. Those beside each other are
// neighbours in the grid, so that they share the rows of A.
template <uint Down, uint Right, uint Stages, uint Depth> INLINE void strandTiles(const Product& p) {
  enum : uint { pitch = Depth + line_padding };
  enum : uint { height = 8 * Down, width = 4 * Right, stage = (height + width) * pitch, length = 16 / sizeof(ElementA) };
  extern __shared__ __align__(16) float tiles[];
  const uint across = (p.args.n + width - 1) / width, batch = blockIdx.z, end = p.args.k;
  const uint i = blockIdx.x / across * height, j = blockIdx.x % across * width;
  const uint lane = threadIdx.x % 32, strand = threadIdx.x / 32, count = (end + Depth - 1) / Depth;
  Fetcher<ElementA, height, Depth, STRAND_THREADS> rows;
  Fetcher<ElementB, width, Depth, STRAND_THREADS> cols;
  rows.begin(p.a + at(p.args.a, batch, i, 0), p.args.a.row, p.args.a.col, p.args.m - i);
  cols.begin(p.b + at(p.args.b, batch, 0, j), p.args.b.col, p.args.b.row, p.args.n - j);
  float sums[Down][Right] = {};
  UNROLL for (uint t = 0; t < Stages - 1; t++) {
    if (t < count) {
      rows.fetch(tiles + t * stage, t * Depth, end);
      cols.fetch(tiles + t * stage + height * pitch, t * Depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  for (uint t = 0; t < count; t++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(Stages - 2) : "memory");
    __syncthreads(); // this tile is there; the one before was used
    const uint next = t + Stages - 1;
    if (next < count) {
      float* there = tiles + next % Stages * stage;
      rows.fetch(there, next * Depth, end);
      cols.fetch(there + height * pitch, next * Depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    const float* a = tiles + t % Stages * stage + lane / 4 * pitch;
    const float* b = tiles + t % Stages * stage + (height + lane % 4) * pitch;
    if ((t + 1) * Depth <= end) {
      UNROLL for (uint piece = 0; piece < Depth / STRANDS; piece += length) {
        UNROLL for (uint e = 0; e < length; e += 4) {
          const uint k = piece * STRANDS + strand * length + e;
          addFour<Down, Right, pitch>(sums, a + k, b + k);
        }
      }
      continue;
    }
    _Pragma("unroll 1") for (uint k = strand * length; k < Depth && t * Depth + k < end; k += STRANDS * length) {
      UNROLL for (uint e = 0; e < length; e += 4) {
        addFour<Down, Right, pitch>(sums, a + k + e, b + k + e);
      }
    }
  }
  __syncthreads(); // all tiles were used
  finishStrands<Down, Right>(p, tiles, sums, batch, i, j);
}
