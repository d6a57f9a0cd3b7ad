// matmul_mlx: tiles of C after MLX's design, on plain multiply-adds, for
// devices without a matrix multiply. A and B pass through threadgroup memory,
// each thread keeps a block of sums in registers. An element is summed k by k,
// from the first to the last, whatever its tile.

enum : uint {
  side = 64,                   // of the largest tile
  depth = 16,                  // of a tile along K
  padding = 4,                 // keeps vectors aligned, and off each other's banks
  room = depth * (side + padding), // of an operand in threadgroup memory
};

// Sums are what a thread computes of a tile: Rows x 4 elements.
template <uint Rows, uint Height, uint Width> struct Sums {
  float4 rows[Rows];

  void clear() thread {
    UNROLL for (uint r = 0; r < Rows; r++) {
      rows[r] = float4(0.0f);
    }
  }

  // add adds the product of two staged tiles, from the thread's own first row
  // and column on.
  void add(threadgroup const float* a, threadgroup const float* b) thread {
    UNROLL for (uint k = 0; k < depth; k++) {
      float4 right = *(threadgroup const float4*)(b + k * (Width + padding));
      UNROLL for (uint r = 0; r < Rows; r += 4) {
        float4 left = *(threadgroup const float4*)(a + k * (Height + padding) + r);
        UNROLL for (uint e = 0; e < 4; e++) {
          rows[r + e] = fma(float4(left[e]), right, rows[r + e]);
        }
      }
    }
  }
};

// finishSums passes the sums of the tile at (i, j) through threadgroup memory:
// first those of every thread's first row or column, then of the second. So
// they are written along the contiguous direction of C. The thread's own first
// row and column in the tile are (down, right).
template <uint Rows, uint Height, uint Width, uint Threads>
inline void finishSums(thread const Product& p, thread const Sums<Rows, Height, Width>& sums, threadgroup float* memory,
                       uint i, uint j, uint down, uint right, uint thread_index) {
  if (byRows(p)) {
    UNROLL for (uint r = 0; r < Rows; r++) {
      *(threadgroup float4*)(memory + down / Rows * (Width + padding) + right) = sums.rows[r];
      threadgroup_barrier(mem_flags::mem_threadgroup);
      finishLines<Height / Rows, Width, Threads>(p, memory, Width + padding, i + r, j, Rows, thread_index);
      threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    return;
  }
  UNROLL for (uint q = 0; q < 4; q++) {
    UNROLL for (uint r = 0; r < Rows; r++) {
      memory[right / 4 * (Height + padding) + down + r] = sums.rows[r][q];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    finishLines<Width / 4, Height, Threads>(p, memory, Height + padding, i, j + q, 4, thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}

// multiply computes the tile at (i, j). Groups of 32 threads, 4 x 8 of them,
// cover blocks of 4*Rows x 32 elements, so that they read few different ones.
template <uint Rows, uint Height, uint Width>
inline void multiply(thread const Product& p, threadgroup float* memory, uint i, uint j, uint thread_index) {
  constexpr uint threads = Height * Width / Rows / 4, across = Width / 32;
  constant MatmulArguments& args = *p.args;
  threadgroup float *a = memory, *b = memory + room;
  const uint group = thread_index / 32, lane = thread_index % 32;
  const uint down = (group / across * 4 + lane / 8) * Rows, right = (group % across * 8 + lane % 8) * 4;

  Mover<ElementA, float, Height, depth, threads> from_a;
  Mover<ElementB, float, Width, depth, threads> from_b;
  from_a.begin(p.a + at(args.a, p.batch, i, 0), args.a.row, args.a.col, !trans_a, args.m - i, thread_index);
  from_b.begin(p.b + at(args.b, p.batch, 0, j), args.b.col, args.b.row, trans_b, args.n - j, thread_index);
  Sums<Rows, Height, Width> sums;
  sums.clear();
  if (args.k > 0) {
    from_a.fetch(args.k);
    from_b.fetch(args.k);
  }
  for (uint k = 0; k < args.k; k += depth) {
    if (trans_a) { from_a.put(a, Height + padding); } else { from_a.putTurned(a, Height + padding); }
    if (trans_b) { from_b.putTurned(b, Width + padding); } else { from_b.put(b, Width + padding); }
    threadgroup_barrier(mem_flags::mem_threadgroup); // the tiles are there
    if (args.k - k > depth) { // reading the next ones overlaps with multiplying
      from_a.fetch(args.k - k - depth);
      from_b.fetch(args.k - k - depth);
    }
    sums.add(a + down, b + right);
    threadgroup_barrier(mem_flags::mem_threadgroup); // nobody reads them any more
  }
  finishSums<Rows, Height, Width, threads>(p, sums, memory, i, j, down, right, thread_index);
}

// The number of threads says which tile the launch chose: 128 for 64 x 64, 64
// for 32 x 32.
[[max_total_threads_per_threadgroup(128)]]
kernel void matmul_mlx(device const ElementA* a [[buffer(0)]],
                       device const ElementB* b [[buffer(1)]],
                       device ElementC* c [[buffer(2)]],
                       constant MatmulArguments& args [[buffer(3)]],
                       device const ColumnRun* runs [[buffer(4)]],
                       device const Matrix* biases [[buffer(5)]],
                       device const ElementC* bias [[buffer(6)]],
                       uint3 group [[threadgroup_position_in_grid]],
                       uint3 groups [[threadgroups_per_grid]],
                       uint3 threads [[threads_per_threadgroup]],
                       uint thread_index [[thread_index_in_threadgroup]]) {
  threadgroup float4 memory[2 * room / 4];
  const Product p = {a, b, c, &args, runs, biases, bias, group.z};
  const bool small = threads.x == 64;
  const uint2 tile = tileAt(group, groups, args.n, small ? 32 : side, small ? 32 : side);
  if (tile.x >= args.m) {
    return; // the whole threadgroup
  }
  if (small) {
    multiply<4, 32, 32>(p, (threadgroup float*)memory, tile.x, tile.y, thread_index);
  } else {
    multiply<8, 64, 64>(p, (threadgroup float*)memory, tile.x, tile.y, thread_index);
  }
}
