// Large tiles of C on multiply-adds, of f32 operands that both lie along K. They
// pass through shared memory as they are, a few tiles ahead of their use. An
// element is summed k by k as in tiles.cu, down to the last bit.
enum : uint { deep_depth = 32, deep_pitch = deep_depth + line_padding, deep_stages = 3, deep_threads = 256 };

// deepTile computes 128 x 256; a warp has 128 x 32 and a thread 16 x 8, for as
// many products as can be for a load from shared memory.
INLINE void deepTile(const Product& p) {
  enum : uint { height = 128, width = 256, stage = (height + width) * deep_pitch };
  extern __shared__ __align__(16) float tiles[];
  const Place place = placeOf(p.args, height, width);
  const uint lane = threadIdx.x % 32, warp = threadIdx.x / 32, end = p.args.k;
  const uint top = lane / 4, left = warp * 32 + lane % 4;
  const uint count = (end + deep_depth - 1) / deep_depth, last = (end + depth - 1) / depth * depth;
  Fetcher<ElementA, height, deep_depth, deep_threads> rows;
  Fetcher<ElementB, width, deep_depth, deep_threads> cols;
  rows.begin(p.a + at(p.args.a, place.batch, place.i, 0), p.args.a.row, p.args.a.col, p.args.m - place.i);
  cols.begin(p.b + at(p.args.b, place.batch, 0, place.j), p.args.b.col, p.args.b.row, p.args.n - place.j);
  float sums[16][8] = {};
  UNROLL for (uint t = 0; t < deep_stages - 1; t++) {
    if (t < count) {
      rows.fetch(tiles + t * stage, t * deep_depth, end);
      cols.fetch(tiles + t * stage + height * deep_pitch, t * deep_depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  for (uint t = 0; t < count; t++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(deep_stages - 2) : "memory");
    __syncthreads(); // this tile is there; the one before was used
    const uint next = t + deep_stages - 1;
    if (next < count) {
      float* there = tiles + next % deep_stages * stage;
      rows.fetch(there, next * deep_depth, end);
      cols.fetch(there + height * deep_pitch, next * deep_depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    const float* a = tiles + t % deep_stages * stage + top * deep_pitch;
    const float* b = tiles + t % deep_stages * stage + (height + left) * deep_pitch;
    if ((t + 1) * deep_depth <= last) {
      UNROLL for (uint k = 0; k < deep_depth; k += 4) {
        addFour<16, 8, deep_pitch>(sums, a + k, b + k);
      }
      continue;
    }
    _Pragma("unroll 1") for (uint k = 0; t * deep_depth + k < last; k += 4) {
      addFour<16, 8, deep_pitch>(sums, a + k, b + k);
    }
  }
  UNROLL for (uint c = 0; c < 8; c++) {
    const uint column = place.j + left + 4 * c;
    if (column < p.args.n) {
      const ColumnRun run = p.run(column);
      UNROLL for (uint r = 0; r < 16; r++) {
        const uint row = place.i + top + 8 * r;
        if (row < p.args.m) {
          p.finish(run, place.batch, row, column, sums[r][c]);
        }
      }
    }
  }
}
