// copy: elements from one layout to another. Type A is the type of both sides.
// Package launch has arranged that Dst is contiguous along its rows, if
// anywhere. If Src is so, too, a thread copies four elements of a row. If Src
// is contiguous along its columns, squares of elements are turned in
// threadgroup memory, so that reads and writes are of neighbours.
#define SIDE 32   // of a square
#define PASS 8    // rows of a square that a threadgroup moves at a time: it has SIDE x PASS threads

template <uint Size> struct BitsOf;
template <> struct BitsOf<4> { using one = uint; using four = uint4; };
template <> struct BitsOf<2> { using one = ushort; using four = ushort4; };
using Bits = BitsOf<sizeof(ElementA)>::one;
using Bits4 = BitsOf<sizeof(ElementA)>::four;

// copyRow copies four elements of a row per thread: neighbours, where they are
// aligned vectors on both sides, otherwise those that are as many elements
// apart as the threadgroup has threads in a row.
inline void copyRow(device const Bits* src, device Bits* dst, constant CopyArguments& args,
                    uint3 group, uint3 thread_place, uint3 threads) {
  uint row = group.y * threads.y + thread_place.y, first = group.x * threads.x * 4;
  if (row >= args.rows) {
    return;
  }
  long from = at(args.src, group.z, row, 0), to = at(args.dst, group.z, row, 0);
  uint neighbours = first + thread_place.x * 4;
  if (args.src.col == 1 && args.dst.col == 1 && (from | to) % 4 == 0 && args.cols - first >= threads.x * 4) {
    *(device Bits4*)(dst + to + neighbours) = *(device const Bits4*)(src + from + neighbours);
    return;
  }
  for (uint e = 0; e < 4; e++) {
    uint col = first + e * threads.x + thread_place.x;
    if (col < args.cols) {
      dst[to + col * args.dst.col] = src[from + col * args.src.col];
    }
  }
}

// turn copies a square. All threads of the threadgroup must call it.
inline void turn(device const Bits* src, device Bits* dst, constant CopyArguments& args,
                 uint3 group, uint3 thread_place, threadgroup Bits (*square)[SIDE + 1]) {
  uint first_row = group.y * SIDE, first_col = group.x * SIDE;
  for (uint pass = thread_place.y; pass < SIDE; pass += PASS) {
    uint row = first_row + thread_place.x, col = first_col + pass;
    if (row < args.rows && col < args.cols) {
      square[pass][thread_place.x] = src[at(args.src, group.z, row, col)];
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint pass = thread_place.y; pass < SIDE; pass += PASS) {
    uint row = first_row + pass, col = first_col + thread_place.x;
    if (row < args.rows && col < args.cols) {
      dst[at(args.dst, group.z, row, col)] = square[thread_place.x][pass];
    }
  }
}

[[max_total_threads_per_threadgroup(SIDE * PASS)]]
kernel void copy(device const Bits* src [[buffer(0)]],
                 device Bits* dst [[buffer(2)]],
                 constant CopyArguments& args [[buffer(3)]],
                 uint3 group [[threadgroup_position_in_grid]],
                 uint3 thread_place [[thread_position_in_threadgroup]],
                 uint3 threads [[threads_per_threadgroup]]) {
  threadgroup Bits square[SIDE][SIDE + 1];
  if (args.src.row < args.src.col) {
    turn(src, dst, args, group, thread_place, square);
  } else {
    copyRow(src, dst, args, group, thread_place, threads);
  }
}
