// Tiles of C on multiply-adds. A and B pass through shared memory as f32, each
// thread keeps 4*Down x 4*Right sums in registers. An element is summed k by k,
// from the first to the last, whatever its tile.
enum : uint { depth = 16, padding = 4 }; // of a tile along K; between lines

// Mover takes one operand's tiles to shared memory, which has a line for each
// k. A thread moves four neighbours at a time, along the direction that is
// contiguous. What lies outside the matrix becomes 0.
template <typename Element, uint Side, uint Threads> struct Mover {
  enum : uint { times = Side * depth / 4 / Threads };
  const Element* origin; // element (0, 0) of the operand from the tile's side on
  long across, along;    // from one side to the next; from k to k+1
  uint sides;            // that the matrix has from the tile's first on
  bool deep;             // neighbours are along K
  bool whole;            // vectors may be read at once
  float held[times][4];

  __device__ __forceinline__ void begin(const Element* from, long side_stride, long k_stride, uint left) {
    origin = from;
    across = side_stride;
    along = k_stride;
    sides = left;
    deep = k_stride == 1 || side_stride != 1;
    const long other = deep ? side_stride : k_stride;
    whole = (deep ? k_stride : side_stride) == 1 && (size_t)from % (4 * sizeof(Element)) == 0 && other % 4 == 0;
  }

  __device__ __forceinline__ void where(uint t, uint& side, uint& k) const {
    uint v = threadIdx.x + t * Threads;
    side = deep ? v / (depth / 4) : v % (Side / 4) * 4;
    k = deep ? v % (depth / 4) * 4 : v / (Side / 4);
  }

  __device__ __forceinline__ void fetch(uint first, uint end) {
    UNROLL for (uint t = 0; t < times; t++) {
      uint side, k;
      where(t, side, k);
      k += first;
      const bool inside = deep ? side < sides && k + 4 <= end : side + 4 <= sides && k < end;
      if (whole && inside) {
        four(origin + side * across + k * along, held[t]);
        continue;
      }
      UNROLL for (uint e = 0; e < 4; e++) {
        uint s = deep ? side : side + e, d = deep ? k + e : k;
        held[t][e] = s < sides && d < end ? widen(origin[s * across + d * along]) : 0.0f;
      }
    }
  }

  static __device__ __forceinline__ void four(const float* p, float* x) {
    uint4 v = *(const uint4*)p;
    x[0] = __uint_as_float(v.x), x[1] = __uint_as_float(v.y), x[2] = __uint_as_float(v.z), x[3] = __uint_as_float(v.w);
  }
  template <typename Short> static __device__ __forceinline__ void four(const Short* p, float* x) {
    uint2 v = *(const uint2*)p;
    x[0] = widen(Short{ushort(v.x)}), x[1] = widen(Short{ushort(v.x >> 16)});
    x[2] = widen(Short{ushort(v.y)}), x[3] = widen(Short{ushort(v.y >> 16)});
  }

  __device__ __forceinline__ void put(float (*tile)[Side + padding]) const {
    UNROLL for (uint t = 0; t < times; t++) {
      uint side, k;
      where(t, side, k);
      UNROLL for (uint e = 0; e < 4; e++) {
        tile[deep ? k + e : k][deep ? side : side + e] = held[t][e];
      }
    }
  }
};

INLINE void four(const float* p, float* x) {
  float4 v = *(const float4*)p;
  x[0] = v.x, x[1] = v.y, x[2] = v.z, x[3] = v.w;
}

// multiplyTile computes a tile of Height x Width. A thread's rows are in Down
// groups of four, as far apart as the tile's parts; columns likewise.
template <uint Height, uint Width, uint Down, uint Right> INLINE void multiplyTile(const Product& p) {
  constexpr uint threads = Height / (4 * Down) * (Width / (4 * Right)), across = Width / (4 * Right);
  constexpr uint part_down = Height / Down, part_right = Width / Right;
  __shared__ __align__(16) float a[depth][Height + padding], b[depth][Width + padding];
  const Place place = placeOf(p.args, Height, Width);
  const uint i = place.i, j = place.j, batch = place.batch, end = p.args.k;
  const uint top = threadIdx.x / across * 4, left = threadIdx.x % across * 4;
  float sums[4 * Down][4 * Right] = {};
  Mover<ElementA, Height, threads> from_a;
  Mover<ElementB, Width, threads> from_b;
  from_a.begin(p.a + at(p.args.a, batch, i, 0), p.args.a.row, p.args.a.col, p.args.m - i);
  from_b.begin(p.b + at(p.args.b, batch, 0, j), p.args.b.col, p.args.b.row, p.args.n - j);
  if (end > 0) {
    from_a.fetch(0, end);
    from_b.fetch(0, end);
  }
  for (uint first = 0; first < end; first += depth) {
    from_a.put(a);
    from_b.put(b);
    __syncthreads();
    if (first + depth < end) {
      from_a.fetch(first + depth, end);
      from_b.fetch(first + depth, end);
    }
    UNROLL for (uint k = 0; k < depth; k++) {
      float x[4 * Down], y[4 * Right];
      UNROLL for (uint g = 0; g < Down; g++) {
        four(&a[k][g * part_down + top], x + 4 * g);
      }
      UNROLL for (uint g = 0; g < Right; g++) {
        four(&b[k][g * part_right + left], y + 4 * g);
      }
      UNROLL for (uint r = 0; r < 4 * Down; r++) {
        UNROLL for (uint c = 0; c < 4 * Right; c++) {
          sums[r][c] = fmaf(x[r], y[c], sums[r][c]);
        }
      }
    }
    __syncthreads(); // the tiles were used
  }
  UNROLL for (uint c = 0; c < 4 * Right; c++) {
    const uint column = j + c / 4 * part_right + left + c % 4;
    if (column < p.args.n) {
      const ColumnRun run = p.run(column);
      UNROLL for (uint r = 0; r < 4 * Down; r++) {
        const uint row = i + r / 4 * part_down + top + r % 4;
        if (row < p.args.m) {
          p.finish(run, batch, row, column, sums[r][c]);
        }
      }
    }
  }
}
