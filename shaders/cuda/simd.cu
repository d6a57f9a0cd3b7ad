// matmul_simd: tiles of C on tensor cores, for A and B both f16 or both bf16.
// Tiles of A and B come to shared memory by asynchronous copies, a few ahead of
// their use; the sums stay in registers. An element is summed 16 k at a time,
// from the first to the last, whatever its tile. Other types have no tensor
// cores that keep their precision: large tiles on multiply-adds.
#if TENSOR_CORES

enum : uint { depth = 32, stages = 4 }; // of a tile along K; tiles in shared memory

// Lines of an operand in shared memory: along K, or along M or N. Both lengths
// keep eight lines off each other's banks.
enum : uint { deep_pitch = depth + 8 };

template <uint Side> struct Room {
  enum : uint { flat_pitch = Side + 8, flat = depth * flat_pitch, deep = Side * deep_pitch, all = flat > deep ? flat : deep };
};

INLINE uint addressOf(const void* shared) {
  return uint(__cvta_generic_to_shared(shared));
}

// Mover takes one operand's tiles to shared memory, eight neighbours at a time.
// Deep: neighbours are along K.
template <uint Side, bool Deep, uint Threads> struct Mover {
  enum : uint {
    times = Side * depth / 8 / Threads,    // that a thread moves eight
    per_line = (Deep ? depth : Side) / 8,  // eights
    lines = Threads / per_line,            // from one of a thread's to the next
    pitch = Deep ? uint(deep_pitch) : uint(Room<Side>::flat_pitch),
  };
  const ElementA* origin;
  const ElementA* mine; // the thread's first eight neighbours
  uint place;           // of them in a tile, in bytes
  long across, along;   // from one side to the next; from k to k+1
  uint sides;           // that the matrix has from the tile's first on
  bool whole;           // neighbours may be copied at once

  __device__ __forceinline__ void begin(const ElementA* from, long side_stride, long k_stride, uint left) {
    origin = from;
    across = side_stride;
    along = k_stride;
    sides = left;
    const long other = Deep ? side_stride : k_stride;
    whole = (Deep ? k_stride : side_stride) == 1 && (size_t)from % 16 == 0 && other % 8 == 0;
    const uint line = threadIdx.x / per_line, first = threadIdx.x % per_line * 8;
    mine = origin + line * other + first;
    place = (line * pitch + first) * uint(sizeof(ElementA));
  }

  static __device__ __forceinline__ void copyAsync(uint to, const ElementA* from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(__cvta_generic_to_global(from)) : "memory");
  }

  // move brings the tile at k = first, of which some may be outside. `to` is
  // the address of `tile`.
  __device__ __forceinline__ void move(uint to, ElementA* tile, uint first, uint end) const {
    if (!whole || sides < Side || first + depth > end) {
      moveEdge(origin, across, along, sides, whole, tile, first, end);
      return;
    }
    const ElementA* from = mine + long(first) * along;
    UNROLL for (uint t = 0; t < times; t++) {
      copyAsync(to + place + t * lines * pitch * uint(sizeof(ElementA)), from + long(t * lines) * (Deep ? across : along));
    }
  }

  // moveEdge is not inlined, for it is long and seldom.
  static __device__ __noinline__ void moveEdge(const ElementA* origin, long across, long along, uint sides, bool whole,
                                               ElementA* tile, uint first, uint end) {
    UNROLL for (uint t = 0; t < times; t++) {
      const uint v = threadIdx.x + t * Threads;
      const uint side = Deep ? v / per_line : v % per_line * 8;
      const uint k = Deep ? v % per_line * 8 : v / per_line;
      ElementA* to = tile + (Deep ? side : k) * pitch + (Deep ? k : side);
      const bool inside = Deep ? side < sides && first + k + 8 <= end : side + 8 <= sides && first + k < end;
      if (whole && inside) {
        copyAsync(addressOf(to), origin + side * across + (first + k) * along);
        continue;
      }
      UNROLL for (uint e = 0; e < 8; e++) {
        uint s = Deep ? side : side + e, d = first + (Deep ? k + e : k);
        to[e] = s < sides && d < end ? origin[s * across + d * along] : ElementA{0};
      }
    }
  }
};

// Four are four 8 x 8 matrices as the instruction wants them.
struct Four {
  uint word[4];
};

template <bool Turned> INLINE Four loadFour(uint from) {
  Four x;
  if (Turned) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(x.word[0]), "=r"(x.word[1]), "=r"(x.word[2]), "=r"(x.word[3]) : "r"(from) : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(x.word[0]), "=r"(x.word[1]), "=r"(x.word[2]), "=r"(x.word[3]) : "r"(from) : "memory");
  }
  return x;
}

// Fragments are where a lane loads an operand's fours from: 16 sides x 16 k at
// a time. For A they are in order (0, 0), (8, 0), (0, 8), (8, 8) of (side, k),
// for B (0, 0), (0, 8), (8, 0), (8, 8).
template <uint Side, bool Deep, bool IsA> struct Fragments {
  enum : uint { pitch = Deep ? uint(deep_pitch) : uint(Room<Side>::flat_pitch), size = sizeof(ElementA) };

  // begin returns the lane's place in a tile for sides from side on, in bytes.
  static __device__ __forceinline__ uint begin(uint side, uint lane) {
    const uint low = lane % 8, middle = lane / 8 % 2 * 8, high = lane / 16 * 8;
    const uint sides = low * Deep + (IsA ? middle : high), ks = low * !Deep + (IsA ? high : middle);
    return (Deep ? (side + sides) * pitch + ks : ks * pitch + side + sides) * size;
  }

  static __device__ __forceinline__ Four load(uint at, uint side, uint k) {
    return loadFour<!Deep>(at + (Deep ? side * pitch + k : k * pitch + side) * size);
  }
};

// multiplyTile computes a tile of Height x Width; a warp has 16*Down x 16*Right.
template <uint Height, uint Width, uint Down, uint Right, bool DeepA, bool DeepB> INLINE void multiplyTile(const Product& p, ElementA* memory) {
  constexpr uint across = Width / (16 * Right), threads = Height / (16 * Down) * across * 32;
  constexpr uint room = Room<Height>::all + Room<Width>::all;
  const Place place = placeOf(p.args, Height, Width);
  const uint lane = threadIdx.x % 32, warp = threadIdx.x / 32, end = p.args.k;
  const uint top = warp / across * 16 * Down, left = warp % across * 16 * Right;
  Mover<Height, DeepA, threads> from_a;
  Mover<Width, DeepB, threads> from_b;
  from_a.begin(p.a + at(p.args.a, place.batch, place.i, 0), p.args.a.row, p.args.a.col, p.args.m - place.i);
  from_b.begin(p.b + at(p.args.b, place.batch, 0, place.j), p.args.b.col, p.args.b.row, p.args.n - place.j);
  float sums[Down][2 * Right][4] = {};
  const uint tiles = (end + depth - 1) / depth;
  using LoadA = Fragments<Height, DeepA, true>;
  using LoadB = Fragments<Width, DeepB, false>;
  constexpr uint room_a = Room<Height>::all * sizeof(ElementA), room_bytes = room * sizeof(ElementA);
  const uint base = addressOf(memory);
  const uint a_at = base + LoadA::begin(top, lane), b_at = base + room_a + LoadB::begin(left, lane);
  UNROLL for (uint t = 0; t < stages - 1; t++) {
    if (t < tiles) {
      from_a.move(base + t * room_bytes, memory + t * room, t * depth, end);
      from_b.move(base + t * room_bytes + room_a, memory + t * room + Room<Height>::all, t * depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  for (uint t = 0; t < tiles; t++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(stages - 2) : "memory");
    __syncthreads(); // this tile is there; the one before was used
    const uint here = t % stages * room_bytes, next = t + stages - 1;
    Four x[depth / 16][Down], y[depth / 16][Right];
    UNROLL for (uint k = 0; k < depth / 16; k++) {
      UNROLL for (uint c = 0; c < Right; c++) {
        y[k][c] = LoadB::load(b_at + here, 16 * c, 16 * k);
      }
      UNROLL for (uint r = 0; r < Down; r++) {
        x[k][r] = LoadA::load(a_at + here, 16 * r, 16 * k);
      }
    }
    if (next < tiles) {
      const uint there = next % stages;
      from_a.move(base + there * room_bytes, memory + there * room, next * depth, end);
      from_b.move(base + there * room_bytes + room_a, memory + there * room + Room<Height>::all, next * depth, end);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    UNROLL for (uint k = 0; k < depth / 16; k++) {
      UNROLL for (uint r = 0; r < Down; r++) {
        UNROLL for (uint c = 0; c < 2 * Right; c++) {
          multiplyAdd(sums[r][c], x[k][r].word[0], x[k][r].word[1], x[k][r].word[2], x[k][r].word[3],
                      y[k][c / 2].word[c % 2 * 2], y[k][c / 2].word[c % 2 * 2 + 1]);
        }
      }
    }
  }
  UNROLL for (uint c = 0; c < 2 * Right; c++) {
    UNROLL for (uint e = 0; e < 2; e++) {
      const uint column = place.j + left + c * 8 + lane % 4 * 2 + e;
      if (column < p.args.n) {
        const ColumnRun run = p.run(column);
        UNROLL for (uint r = 0; r < 2 * Down; r++) {
          const uint row = place.i + top + r * 8 + lane / 4;
          if (row < p.args.m) {
            p.finish(run, place.batch, row, column, sums[r / 2][c][r % 2 * 2 + e]);
          }
        }
      }
    }
  }
}

// multiplyAny has code for each way in which A and B lie.
template <uint Height, uint Width, uint Down, uint Right> INLINE void multiplyAny(const Product& p) {
  extern __shared__ __align__(16) ElementA memory[];
  const bool deep_a = p.args.a.col == 1 || p.args.a.row != 1, deep_b = p.args.b.row == 1 || p.args.b.col != 1;
  if (deep_a && deep_b) {
    multiplyTile<Height, Width, Down, Right, true, true>(p, memory);
  } else if (deep_a) {
    multiplyTile<Height, Width, Down, Right, true, false>(p, memory);
  } else if (deep_b) {
    multiplyTile<Height, Width, Down, Right, false, true>(p, memory);
  } else {
    multiplyTile<Height, Width, Down, Right, false, false>(p, memory);
  }
}

extern "C" __global__ void __launch_bounds__(256) matmul_simd_wide(const GRID_CONSTANT Product p) {
  multiplyAny<128, 256, 4, 4>(p);
}

extern "C" __global__ void __launch_bounds__(256) matmul_simd(const GRID_CONSTANT Product p) {
  multiplyAny<128, 128, 4, 2>(p);
}

extern "C" __global__ void __launch_bounds__(128) matmul_simd_small(const GRID_CONSTANT Product p) {
  multiplyAny<64, 64, 2, 2>(p);
}

#elif TYPE_A == TYPE_F32 && TYPE_B == TYPE_F32

extern "C" __global__ void __launch_bounds__(256, 2) matmul_simd(const GRID_CONSTANT Product p) {
  panelTile<2, 4, 8, 8>(p);
}

extern "C" __global__ void __launch_bounds__(128, 4) matmul_simd_small(const GRID_CONSTANT Product p) {
  panelTile<2, 2, 4, 8>(p);
}

#else

extern "C" __global__ void __launch_bounds__(256) matmul_simd(const GRID_CONSTANT Product p) {
  multiplyTile<128, 128, 2, 2>(p);
}

extern "C" __global__ void __launch_bounds__(128) matmul_simd_small(const GRID_CONSTANT Product p) {
  multiplyTile<64, 64, 1, 2>(p);
}

#endif
