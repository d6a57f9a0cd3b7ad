// Products of 16-bit floats on the tensor cores of Hopper (sm_90a): a group of
// four warps multiplies tiles straight from shared memory (wgmma), and another
// group, the carrier, brings tiles there, some ahead of their use. Where an
// operand allows it the bulk copy engine does that, by a map of the operand
// that the host made; otherwise the carrier's threads do, element by element.
//
// An element is summed 16 k at a time, whatever its tile and whoever brought
// it. A sum in Strands: tile t of 64 k belongs to strand t % Strands, which is
// a block of a cluster; the strands' sums are added in pairs.
enum : uint {
  depth = 64,               // of a tile along K
  line = 128,               // bytes of such a line, of K or of 64 sides
  square = 64 * line,       // bytes of 64 lines
  group_threads = 128,      // of a group of warps
  part = 32,                // columns that a group finishes at a time
  flat_pitch = part + 8,    // of their sums in shared memory, row by row
  steep_pitch = 64 + 4,     // likewise column by column
  finish_room = 64 * flat_pitch * 4, // bytes of a group's sums
};

// groupBarrier is passed by the four warps of a group together.
INLINE void groupBarrier(uint group) { asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory"); }

// Layout says what is where in a block's shared memory, in bytes from the first
// multiple of 1024 on. The numbers are known to package launch.
template <uint Groups, uint Cols, uint Stages> struct Layout {
  enum : uint {
    tile_a = Groups * square,
    tile = tile_a + Cols * line,
    sums = Stages * tile,
    room = Cols <= part ? uint(finish_room) : (Cols == 64 ? 64 * steep_pitch * 4 : uint(finish_room)),
    full = sums + Groups * room, // barriers: the tile is there
    used = full + 8 * Stages,    // it was used
  };
};

// Work says which of C's tiles is the one of a number: in bands of tiles below
// each other, so that blocks at work together share lines of both operands.
template <uint Height, uint Cols> struct Work {
  enum : uint { band = Height >= 128 ? 16 : 32 };
  uint down, across;
  unsigned long all;

  __device__ __forceinline__ Work(const MatmulArguments& args) {
    down = (args.m + Height - 1) / Height;
    across = (args.n + Cols - 1) / Cols;
    all = (unsigned long)down * across * args.batches;
  }

  __device__ __forceinline__ Place place(unsigned long number) const {
    const unsigned long each = (unsigned long)down * across;
    const uint batch = uint(number / each), in = uint(number % each);
    const uint top = in / (band * across) * band, tall = least(band, down - top), rest = in - top * across;
    return Place{(top + rest % tall) * Height, rest / tall * Cols, batch};
  }
};

// carryAny brings Lines lines of 64 k by the threads of the carrier. Lines
// past the last, and what lies past the end of K, become 0.
template <uint Lines, typename Element>
INLINE void carryAny(uint to, const Element* from, long across, long along, uint lines, uint first, uint end) {
  const uint thread = threadIdx.x % group_threads;
  const bool deep = along == 1, whole = deep && (size_t)from % 16 == 0 && across % 8 == 0;
  ROLLED for (uint v = thread; v < Lines * 8; v += group_threads) {
    const uint l = deep ? v / 8 : v % Lines, eight = deep ? v % 8 : v / Lines, k = first + eight * 8;
    const Element* at = from + l * across + k * along;
    uint word[4] = {};
    if (l < lines && whole && k + 8 <= end) {
      uint4 x = *(const uint4*)at;
      word[0] = x.x, word[1] = x.y, word[2] = x.z, word[3] = x.w;
    } else if (l < lines) {
      UNROLL for (uint e = 0; e < 8; e++) {
        if (k + e < end) {
          word[e / 2] |= uint(at[e * along].bits) << (e % 2 * 16);
        }
      }
    }
    asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to + l * line + (eight ^ l % 8) * 16),
                 "r"(word[0]), "r"(word[1]), "r"(word[2]), "r"(word[3]) : "memory");
  }
}

// carry is what the carrier does: it brings all tiles of its block's strand.
template <uint Groups, uint Cols, uint Stages, uint Strands, bool TurnA, bool TurnB>
INLINE void carry(const Mapped& m, uint memory, unsigned long number, unsigned long step, uint strand) {
  using L = Layout<Groups, Cols, Stages>;
  const MatmulArguments& args = m.product.args;
  const Work<64 * Groups, Cols> work(args);
  const uint thread = threadIdx.x % group_threads, tiles = (args.k + depth - 1) / depth;
  const bool by_map_a = m.ways & bulk_a, by_map_b = m.ways & bulk_b;
  if (by_map_a && by_map_b && thread > 0) {
    return;
  }
  const uint bytes = by_map_a * L::tile_a + by_map_b * Cols * line;
  Ring<Stages> ring;
  ROLLED for (; number < work.all; number += step) {
    const Place place = work.place(number);
    const uint za = args.a.batch ? place.batch : 0, zb = args.b.batch ? place.batch : 0;
    ROLLED for (uint t = strand; t < tiles; t += Strands) {
      const uint k = t * depth, full = memory + L::full + 8 * ring.stage, a = memory + ring.stage * L::tile, b = a + L::tile_a;
      waitFor(memory + L::used + 8 * ring.stage, ring.parity ^ 1);
      if (!by_map_a) {
        carryAny<64 * Groups>(a, m.product.a + at(args.a, place.batch, place.i, 0), args.a.row, args.a.col, args.m - place.i, k, args.k);
      }
      if (!by_map_b) {
        carryAny<Cols>(b, m.product.b + at(args.b, place.batch, 0, place.j), args.b.col, args.b.row, args.n - place.j, k, args.k);
      }
      if (!by_map_a || !by_map_b) {
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
      }
      if (thread > 0) {
        arrive(full);
        ring.next();
        continue;
      }
      arriveExpecting(full, bytes);
      if (by_map_a && TurnA) {
        UNROLL for (uint g = 0; g < Groups; g++) {
          bulkCopy(a + g * square, m.a, full, place.i + 64 * g, k, za);
        }
      } else if (by_map_a) {
        bulkCopy(a, m.a, full, k, place.i, za);
      }
      if (by_map_b && TurnB) {
        for (uint g = 0; 64 * g < Cols; g++) {
          bulkCopy(b + g * square, m.b, full, place.j + 64 * g, k, zb);
        }
      } else if (by_map_b) {
        bulkCopy(b, m.b, full, k, place.j, zb);
      }
      ring.next();
    }
  }
}

// describe returns the instruction's description of an operand: lines of 128
// bytes, swizzled, in groups of eight that follow each other. Turned: lines are
// of 64 sides, and the next 64 sides a square away.
template <bool Turned> INLINE unsigned long describe(uint address) {
  const unsigned long next = Turned ? square / 16 : 1, eight = 8 * line / 16, swizzle_128 = 1;
  return address / 16 | next << 16 | eight << 32 | swizzle_128 << 62;
}

// multiplyStep is a tile's products, in four steps of 16 k.
template <uint Cols, bool TurnA, bool TurnB> INLINE void multiplyStep(float* sums, uint a, uint b) {
  const unsigned long da = describe<TurnA>(a), db = describe<TurnB>(b);
  enum : uint { next_a = (TurnA ? 16 * line : 32) / 16, next_b = (TurnB ? 16 * line : 32) / 16 };
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
  UNROLL for (uint s = 0; s < depth / 16; s++) {
    Multiply<Cols, TurnA, TurnB>::run(sums, da + s * next_a, db + s * next_b);
  }
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// multiplyTiles adds the products of all tiles of a strand to the sums. A
// place is given back when its tile was used.
template <uint Groups, uint Cols, uint Stages, uint Strands, bool TurnA, bool TurnB>
INLINE void multiplyTiles(float* sums, uint memory, uint group, Ring<Stages>& ring, uint strand, uint tiles) {
  using L = Layout<Groups, Cols, Stages>;
  uint before = 0;
  ROLLED for (uint t = strand; t < tiles; t += Strands) {
    const uint a = memory + ring.stage * L::tile;
    waitFor(memory + L::full + 8 * ring.stage, ring.parity);
    multiplyStep<Cols, TurnA, TurnB>(sums, a + group * square, a + L::tile_a);
    if (t != strand) {
      asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
      if (threadIdx.x % 32 == 0) {
        arrive(before);
      }
    }
    before = memory + L::used + 8 * ring.stage;
    ring.next();
  }
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
  UNROLL for (uint e = 0; e < Cols / 2; e++) {
    asm volatile("" : "+f"(sums[e])::"memory"); // not to be read before
  }
  if (strand < tiles && threadIdx.x % 32 == 0) {
    arrive(before);
  }
}

// putSums puts Count columns of a group's sums into shared memory, column by
// column if steep. A thread has two neighbours in each of two rows of every
// eight columns.
template <uint Count> INLINE void putSums(float* to, const float* sums, bool steep, uint pitch) {
  const uint lane = threadIdx.x % 32, row = threadIdx.x % group_threads / 32 * 16 + lane / 4, col = lane % 4 * 2;
  UNROLL for (uint e = 0; e < Count / 2; e++) {
    const uint r = row + e / 2 % 2 * 8, c = e / 4 * 8 + col + e % 2;
    to[steep ? c * pitch + r : r * pitch + c] = sums[e];
  }
}

// storeEight stores neighbours at an address that is a multiple of 16.
INLINE void storeEight(float* to, const float* v) {
  *(float4*)to = float4{v[0], v[1], v[2], v[3]};
  *(float4*)(to + 4) = float4{v[4], v[5], v[6], v[7]};
}
template <typename Short> INLINE void storeEight(Short* to, const float* v) {
  uint word[4];
  UNROLL for (uint w = 0; w < 4; w++) {
    word[w] = uint(narrow<Short>(v[2 * w]).bits) | uint(narrow<Short>(v[2 * w + 1]).bits) << 16;
  }
  *(uint4*)to = uint4{word[0], word[1], word[2], word[3]};
}

// finishPart stores 64 x Count elements of C from element (i, j) on, eight
// neighbours at a time where they may be stored at once.
template <uint Count> INLINE void finishPart(const Product& p, const float* from, bool steep, uint batch, uint i, uint j) {
  const Matrix& c = p.args.c;
  const bool near = (steep ? c.row : c.col) == 1;
  ROLLED for (uint v = threadIdx.x % group_threads; v < 64 * Count / 8; v += group_threads) {
    const uint row = i + (steep ? v % 8 * 8 : v / (Count / 8)), col = j + (steep ? v / 8 : v % (Count / 8) * 8);
    const float* sums = from + (steep ? v / 8 * steep_pitch + v % 8 * 8 : v / (Count / 8) * flat_pitch + v % (Count / 8) * 8);
    if (row >= p.args.m || col >= p.args.n) {
      continue;
    }
    ElementC* to = p.c + at(c, batch, row, col);
    const uint left = steep ? p.args.m - row : p.args.n - col;
    const ColumnRun run = p.run(col);
    if (near && left >= 8 && (size_t)to % 16 == 0 && (steep || p.args.runs == 1)) {
      float value[8];
      UNROLL for (uint e = 0; e < 8; e++) {
        value[e] = p.value(run, batch, row + (steep ? e : 0), col + (steep ? 0 : e), sums[e]);
      }
      storeEight(to, value);
      continue;
    }
    ROLLED for (uint e = 0; e < least(left, 8); e++) {
      const uint r = row + (steep ? e : 0), n = col + (steep ? 0 : e);
      p.finish(steep ? run : p.run(n), batch, r, n, sums[e]);
    }
  }
}

// finishTile stores a group's 64 x Cols elements from element (i, j) on.
template <uint Cols> INLINE void finishTile(const Product& p, float* memory, const float* sums, uint group, uint batch, uint i, uint j) {
  constexpr uint count = Cols < part ? Cols : part;
  const bool steep = p.args.n == 1 || p.args.c.row < p.args.c.col;
  const uint pitch = steep ? steep_pitch : flat_pitch;
  ROLLED for (uint first = 0; first < Cols && j + first < p.args.n; first += count) {
    UNROLL for (uint f = 0; f < Cols; f += count) {
      if (f == first) {
        putSums<count>(memory, sums + f / 2, steep, pitch);
      }
    }
    groupBarrier(group);
    finishPart<count>(p, memory, steep, batch, i, j + first);
    groupBarrier(group);
  }
}

// joined adds the strands' sums in pairs of neighbours, and so on.
template <uint Strands> INLINE float4 joined(uint address) {
  float4 sums[Strands];
  UNROLL for (uint s = 0; s < Strands; s++) {
    sums[s] = loadFrom(address, s);
  }
  UNROLL for (uint apart = 1; apart < Strands; apart *= 2) {
    UNROLL for (uint s = 0; s < Strands; s += 2 * apart) {
      const float4 a = sums[s], b = sums[s + apart];
      sums[s] = float4{a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
    }
  }
  return sums[0];
}

// finishTogether stores the block's share of the 64*Groups x Cols elements that
// a cluster has summed up, four rows at a time. Each group's sums have their
// room.
template <uint Groups, uint Cols, uint Strands, uint Room>
INLINE void finishTogether(const Product& p, const float* memory, uint strand, const Place& place) {
  constexpr uint height = 64 * Groups, share = height * Cols / Strands;
  for (uint v = threadIdx.x; v < share / 4; v += blockDim.x) {
    const uint e = strand * share + 4 * v, r = e % height, c = e / height;
    if (place.i + r >= p.args.m || place.j + c >= p.args.n) {
      continue;
    }
    const ColumnRun run = p.run(place.j + c);
    const float4 sums = joined<Strands>(addressOf(memory + r / 64 * (Room / 4) + c * steep_pitch + r % 64));
    const float each[4] = {sums.x, sums.y, sums.z, sums.w};
    UNROLL for (uint i = 0; i < 4; i++) {
      if (place.i + r + i < p.args.m) {
        p.finish(run, place.batch, place.i + r + i, place.j + c, each[i]);
      }
    }
  }
}

// multiplyMapped computes tiles of 64*Groups x Cols, from the block's or
// cluster's first on. A block of a cluster has one.
template <uint Groups, uint Cols, uint Stages, uint Strands, bool TurnA, bool TurnB> INLINE void multiplyMapped(const Mapped& m) {
  using L = Layout<Groups, Cols, Stages>;
  extern __shared__ char unaligned[];
  char* shared = unaligned + (-addressOf(unaligned) & 1023);
  const uint memory = addressOf(shared), group = threadIdx.x / group_threads, strand = blockIdx.x % Strands;
  const unsigned long number = blockIdx.x / Strands, step = gridDim.x / Strands;
  if (threadIdx.x == Groups * group_threads) { // the carrier's first: it needs them soon
    asm volatile("prefetch.tensormap [%0];" ::"l"(&m.a) : "memory");
    asm volatile("prefetch.tensormap [%0];" ::"l"(&m.b) : "memory");
  }
  if (threadIdx.x == 0) {
    const uint carriers = (m.ways & bulk_a) && (m.ways & bulk_b) ? 1 : group_threads;
    UNROLL for (uint s = 0; s < Stages; s++) {
      initBarrier(memory + L::full + 8 * s, carriers);
      initBarrier(memory + L::used + 8 * s, 4 * Groups); // a thread of each warp
    }
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }
  __syncthreads();
  float* exchange = (float*)(shared + L::sums);
  const Work<64 * Groups, Cols> work(m.product.args);
  if (group == Groups) {
    if (Cols == 256) {
      asm volatile("setmaxnreg.dec.sync.aligned.u32 56;");
    }
    carry<Groups, Cols, Stages, Strands, TurnA, TurnB>(m, memory, number, step, strand);
  } else {
    if (Cols == 256) { // half of a thread's registers are its sums
      asm volatile("setmaxnreg.inc.sync.aligned.u32 224;");
    }
    const uint tiles = (m.product.args.k + depth - 1) / depth;
    Ring<Stages> ring;
    ROLLED for (unsigned long n = number; n < work.all; n += step) {
      float sums[Cols / 2] = {};
      multiplyTiles<Groups, Cols, Stages, Strands, TurnA, TurnB>(sums, memory, group, ring, strand, tiles);
      if (Strands == 1) {
        const Place place = work.place(n);
        finishTile<Cols>(m.product, exchange + group * (L::room / 4), sums, group, place.batch, place.i + 64 * group, place.j);
      } else {
        putSums<Cols>(exchange + group * (L::room / 4), sums, true, steep_pitch);
      }
    }
  }
  if (Strands > 1) {
    clusterBarrier();
    finishTogether<Groups, Cols, Strands, L::room>(m.product, exchange, strand, work.place(number));
    clusterBarrier(); // nobody reads this block's sums any more
  }
}
