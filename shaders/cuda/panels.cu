// Panels of f32 operands in shared memory: some k of many lines, A's rows or B's
// columns, where the lines of one k are neighbours. The register file has two
// banks, and a multiply-add waits if both its sum and a fresh factor come from the
// same one. With factors that lie across K the compiler avoids that, with factors
// along K it cannot.
enum : uint { panel_padding = 4 }; // keeps four lines of eight k off each other's banks

// Panel takes Count lines to shared memory, Depth k of each at a time.
template <uint Count, uint Depth, uint Threads> struct Panel {
  enum : uint { pitch = Count + panel_padding, size = Depth * pitch };
  const float* from;
  long across, along; // from one line to the next; from k to k+1
  uint lines;         // that the operand has, at least 1
  bool wide;          // four neighbouring lines may be copied at once

  __device__ __forceinline__ void begin(const float* first, long line_stride, long k_stride, uint left) {
    from = first;
    across = line_stride;
    along = k_stride;
    lines = left;
    wide = line_stride == 1 && (size_t)first % 16 == 0 && k_stride % 4 == 0 && left >= Count;
  }

  // fetch brings k from first on; those from end on become 0. What it brings for
  // lines past the last is not stored.
  __device__ __forceinline__ void fetch(float* to, uint first, uint end) const {
    const bool whole = first + Depth <= end;
    if (whole && along == 1) {
      fetchAlong(to, first);
    } else if (whole && wide) {
      fetchAcross(to, first);
    } else {
      fetchAny(to, first, end);
    }
  }

  // fetchAlong has a warp copy eight k of four lines at a time.
  __device__ __forceinline__ void fetchAlong(float* to, uint first) const {
    enum : uint { apart = Threads / 8 };
    static_assert(Count % apart == 0 && Depth % 8 == 0, "a thread has some k of some lines");
    const uint k = threadIdx.x % 8, line = threadIdx.x / 8;
    UNROLL for (uint l = 0; l < Count; l += apart) {
      const float* source = from + long(least(line + l, lines - 1)) * across + (first + k);
      UNROLL for (uint e = 0; e < Depth; e += 8) {
        copyOne(to + (k + e) * pitch + line + l, source + e, true);
      }
    }
  }

  __device__ __forceinline__ void fetchAcross(float* to, uint first) const {
    enum : uint { fours = Count / 4, apart = Threads / fours };
    static_assert(Depth % apart == 0, "a thread has four lines of some k");
    const uint k = threadIdx.x / fours, line = threadIdx.x % fours * 4;
    UNROLL for (uint e = 0; e < Depth; e += apart) {
      copyFour(to + (k + e) * pitch + line, from + (first + k + e) * along + line);
    }
  }

  __device__ __forceinline__ void fetchAny(float* to, uint first, uint end) const {
    _Pragma("unroll 1") for (uint v = threadIdx.x; v < Count * Depth; v += Threads) {
      const uint k = along == 1 ? v % Depth : v / Count, line = along == 1 ? v / Depth : v % Count;
      const bool inside = line < lines && first + k < end;
      copyOne(to + k * pitch + line, inside ? from + line * across + (first + k) * along : from, inside);
    }
  }
};

// Factors are those of one k that a thread of a warp multiplies: Down rows, in
// fours that are 32 apart, and Right columns, in fours that are 16 apart.
template <uint Down, uint Right> struct Factors {
  float x[Down], y[Right];

  // placeDown and placeRight are those of the lane's first row and column.
  static __device__ __forceinline__ uint placeDown(uint lane) { return lane / 2 % 8 * 4; }
  static __device__ __forceinline__ uint placeRight(uint lane) { return (lane / 16 * 2 + lane % 2) * 4; }
  // row and column are those of a sum, from the first on.
  static __device__ __forceinline__ uint row(uint r) { return r / 4 * 32 + r % 4; }
  static __device__ __forceinline__ uint column(uint c) { return c / 4 * 16 + c % 4; }

  __device__ __forceinline__ void load(const float* a, const float* b) {
    UNROLL for (uint r = 0; r < Down; r += 4) {
      fourFrom(a + row(r), x + r);
    }
    UNROLL for (uint c = 0; c < Right; c += 4) {
      fourFrom(b + column(c), y + c);
    }
  }

  static __device__ __forceinline__ void fourFrom(const float* p, float* v) {
    const float4 f = *(const float4*)p;
    v[0] = f.x, v[1] = f.y, v[2] = f.z, v[3] = f.w;
  }

  // addTo goes to and fro, so that each multiply-add shares a factor with the one
  // before.
  __device__ __forceinline__ void addTo(float (*sums)[Right]) const {
    UNROLL for (uint r = 0; r < Down; r++) {
      UNROLL for (uint s = 0; s < Right; s++) {
        const uint c = r % 2 ? Right - 1 - s : s;
        sums[r][c] = fmaf(x[r], y[c], sums[r][c]);
      }
    }
  }
};
