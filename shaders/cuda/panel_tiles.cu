// Large tiles of C on multiply-adds, of f32 operands: panels of A and B come a few
// ahead of their use. An element is summed k by k, from the first to the last and
// up to a multiple of panel_depth, whatever its tile.
enum : uint { panel_depth = 32, panels = 3 };

// panelTile computes a tile of High x Wide warps, of which each has 8*Down x
// 4*Right and a thread Down x Right.
template <uint High, uint Wide, uint Down, uint Right> INLINE void panelTile(const Product& p) {
  enum : uint { height = High * 8 * Down, width = Wide * 4 * Right, threads = High * Wide * 32 };
  using Rows = Panel<height, panel_depth, threads>;
  using Cols = Panel<width, panel_depth, threads>;
  using Of = Factors<Down, Right>;
  enum : uint { stage = Rows::size + Cols::size };
  extern __shared__ __align__(16) float memory[];
  const Place place = placeOf(p.args, height, width);
  const uint lane = threadIdx.x % 32, warp = threadIdx.x / 32, end = p.args.k, count = (end + panel_depth - 1) / panel_depth;
  const uint top = warp / Wide * 8 * Down + Of::placeDown(lane), left = warp % Wide * 4 * Right + Of::placeRight(lane);
  Rows rows;
  Cols cols;
  rows.begin(p.a + at(p.args.a, place.batch, place.i, 0), p.args.a.row, p.args.a.col, p.args.m - place.i);
  cols.begin(p.b + at(p.args.b, place.batch, 0, place.j), p.args.b.col, p.args.b.row, p.args.n - place.j);
  float sums[Down][Right] = {};
  UNROLL for (uint t = 0; t < panels - 1; t++) {
    if (t < count) {
      rows.fetch(memory + t * stage, t * panel_depth, end);
      cols.fetch(memory + t * stage + Rows::size, t * panel_depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  _Pragma("unroll 1") for (uint t = 0; t < count; t++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(panels - 2) : "memory");
    __syncthreads(); // this panel is there; the one before was used
    const uint next = t + panels - 1;
    if (next < count) {
      float* there = memory + next % panels * stage;
      rows.fetch(there, next * panel_depth, end);
      cols.fetch(there + Rows::size, next * panel_depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    const float* a = memory + t % panels * stage + top;
    const float* b = memory + t % panels * stage + Rows::size + left;
    Of of[2];
    of[0].load(a, b);
    UNROLL for (uint k = 0; k < panel_depth; k++) {
      if (k + 1 < panel_depth) {
        of[(k + 1) % 2].load(a + (k + 1) * Rows::pitch, b + (k + 1) * Cols::pitch);
      }
      of[k % 2].addTo(sums);
    }
  }
  UNROLL for (uint c = 0; c < Right; c++) {
    const uint column = place.j + left + Of::column(c);
    if (column < p.args.n) {
      const ColumnRun run = p.run(column);
      UNROLL for (uint r = 0; r < Down; r++) {
        const uint row = place.i + top + Of::row(r);
        if (row < p.args.m) {
          p.finish(run, place.batch, row, column, sums[r][c]);
        }
      }
    }
  }
}
