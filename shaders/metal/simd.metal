// matmul_simd: tiles of C on the 8x8 matrix multiply of SIMD groups. A and B
// pass through threadgroup memory, the sums stay in registers. An element is
// summed eight k at a time, from the first to the last, whatever its tile.
#include <metal_simdgroup_matrix>

// f16 is staged as it is, if both operands are: its products are exact in f32.
// Before Metal 3 it is not known that f16 may be multiplied into f32.
template <typename A, typename B> struct StagedOf { using type = float; };
#if __METAL_VERSION__ >= 300
template <> struct StagedOf<half, half> { using type = half; };
#endif
using Staged = StagedOf<ElementA, ElementB>::type;

enum : uint {
  side = 64,                    // of the largest tile
  depth = 64 / sizeof(Staged),  // of a tile along K
  padding = 16 / sizeof(Staged), // so that eight lines lie in different banks
  room = side * (depth + padding), // of an operand in threadgroup memory
};

// loadBlock has two calls since the instruction wants to know the direction.
inline void loadBlock(thread simdgroup_matrix<Staged, 8, 8>& block, threadgroup const Staged* from, uint stride, bool turned) {
  if (turned) {
    simdgroup_load(block, from, stride, ulong2(0, 0), true);
  } else {
    simdgroup_load(block, from, stride);
  }
}

// Strip is the threadgroup memory through which a SIMD group passes its sums.
template <uint Rows, uint Cols> struct Strip {
  enum : uint { stride = 8 * (Rows > Cols ? Rows : Cols) + 4, memory = 8 * stride };
};

// addBlock adds the product of two staged tiles to the 8*Rows x 8*Cols sums of a
// SIMD group, from the block's own first row and column on.
template <uint Rows, uint Cols>
inline void addBlock(thread simdgroup_float8x8 (&sums)[Rows][Cols], threadgroup const Staged* a, uint stride_a,
                     threadgroup const Staged* b, uint stride_b) {
  UNROLL for (uint k = 0; k < depth; k += 8) {
    simdgroup_matrix<Staged, 8, 8> left[Rows], right[Cols];
    UNROLL for (uint i = 0; i < Rows; i++) {
      loadBlock(left[i], a + (trans_a ? k * stride_a + 8 * i : 8 * i * stride_a + k), stride_a, trans_a);
    }
    UNROLL for (uint j = 0; j < Cols; j++) {
      loadBlock(right[j], b + (trans_b ? 8 * j * stride_b + k : k * stride_b + 8 * j), stride_b, trans_b);
    }
    UNROLL for (uint i = 0; i < Rows; i++) {
      UNROLL for (uint j = 0; j < Cols; j++) {
        simdgroup_multiply_accumulate(sums[i][j], left[i], right[j], sums[i][j]);
      }
    }
  }
}

// finishBlock passes the sums of the block at (i, j) through the SIMD group's
// own strip of threadgroup memory, eight rows or columns at a time: how they lie
// in registers is not documented.
template <uint Rows, uint Cols>
inline void finishBlock(thread const Product& p, thread simdgroup_float8x8 (&sums)[Rows][Cols], threadgroup float* strip,
                        uint i, uint j, uint lane) {
  constexpr uint stride = Strip<Rows, Cols>::stride;
  if (byRows(p)) {
    UNROLL for (uint r = 0; r < Rows; r++) {
      UNROLL for (uint q = 0; q < Cols; q++) {
        simdgroup_store(sums[r][q], strip + 8 * q, stride);
      }
      simdgroup_barrier(mem_flags::mem_threadgroup);
      finishLines<8, 8 * Cols, 32>(p, strip, stride, i + 8 * r, j, 1, lane);
      simdgroup_barrier(mem_flags::mem_threadgroup);
    }
    return;
  }
  UNROLL for (uint q = 0; q < Cols; q++) {
    UNROLL for (uint r = 0; r < Rows; r++) {
      simdgroup_store(sums[r][q], strip + 8 * r, stride, ulong2(0, 0), true);
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    finishLines<8, 8 * Rows, 32>(p, strip, stride, i, j + 8 * q, 1, lane);
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }
}

// multiply computes the tile at (i, j): Down x Across blocks, one for each SIMD
// group.
template <uint Rows, uint Cols, uint Down, uint Across>
inline void multiply(thread const Product& p, threadgroup Staged* memory, uint i, uint j, uint thread_index, uint simd, uint lane) {
  constexpr uint height = 8 * Rows * Down, width = 8 * Cols * Across, threads = 32 * Down * Across;
  constant MatmulArguments& args = *p.args;
  const uint stride_a = (trans_a ? height : depth) + padding, stride_b = (trans_b ? depth : width) + padding;
  threadgroup Staged *a = memory, *b = memory + room;
  const uint down = simd / Across * 8 * Rows, right = simd % Across * 8 * Cols; // to the SIMD group's block

  Mover<ElementA, Staged, height, depth, threads> from_a;
  Mover<ElementB, Staged, width, depth, threads> from_b;
  from_a.begin(p.a + at(args.a, p.batch, i, 0), args.a.row, args.a.col, !trans_a, args.m - i, thread_index);
  from_b.begin(p.b + at(args.b, p.batch, 0, j), args.b.col, args.b.row, trans_b, args.n - j, thread_index);
  simdgroup_float8x8 sums[Rows][Cols];
  UNROLL for (uint r = 0; r < Rows; r++) {
    UNROLL for (uint q = 0; q < Cols; q++) {
      sums[r][q] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }
  if (args.k > 0) {
    from_a.fetch(args.k);
    from_b.fetch(args.k);
  }
  for (uint k = 0; k < args.k; k += depth) {
    from_a.put(a, stride_a);
    from_b.put(b, stride_b);
    threadgroup_barrier(mem_flags::mem_threadgroup); // the tiles are there
    if (args.k - k > depth) { // reading the next ones overlaps with multiplying
      from_a.fetch(args.k - k - depth);
      from_b.fetch(args.k - k - depth);
    }
    addBlock<Rows, Cols>(sums, a + (trans_a ? down : down * stride_a), stride_a, b + (trans_b ? right * stride_b : right), stride_b);
    threadgroup_barrier(mem_flags::mem_threadgroup); // nobody reads them any more
  }
  threadgroup float* strip = (threadgroup float*)memory + simd * Strip<Rows, Cols>::memory;
  finishBlock<Rows, Cols>(p, sums, strip, i + down, j + right, lane);
}

// The number of threads says which tile the launch chose: 128 for 64 x 64, 64
// for 32 x 32.
[[max_total_threads_per_threadgroup(128)]]
kernel void matmul_simd(device const ElementA* a [[buffer(0)]],
                        device const ElementB* b [[buffer(1)]],
                        device ElementC* c [[buffer(2)]],
                        constant MatmulArguments& args [[buffer(3)]],
                        device const ColumnRun* runs [[buffer(4)]],
                        device const Matrix* biases [[buffer(5)]],
                        device const ElementC* bias [[buffer(6)]],
                        uint3 group [[threadgroup_position_in_grid]],
                        uint3 groups [[threadgroups_per_grid]],
                        uint3 threads [[threads_per_threadgroup]],
                        uint thread_index [[thread_index_in_threadgroup]],
                        uint simd [[simdgroup_index_in_threadgroup]],
                        uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 memory[2 * room * sizeof(Staged) / sizeof(float4)];
  threadgroup Staged* tiles = (threadgroup Staged*)memory;
  const Product p = {a, b, c, &args, runs, biases, bias, group.z};
  const bool small = threads.x == 64;
  const uint2 tile = tileAt(group, groups, args.n, small ? 32 : side, small ? 32 : side);
  if (tile.x >= args.m) {
    return; // the whole threadgroup
  }
  if (small) {
    multiply<2, 4, 2, 1>(p, tiles, tile.x, tile.y, thread_index, simd, lane);
  } else {
    multiply<4, 4, 2, 2>(p, tiles, tile.x, tile.y, thread_index, simd, lane);
  }
}
