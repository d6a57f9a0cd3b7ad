// Lines of A and B in shared memory as f32, neighbours along K, where a lane of
// a warp multiplies rows that are eight apart by columns that are four apart.
enum : uint { line_padding = 4 }; // keeps eight lines off each other's banks

// Fetcher has Threads threads take Count lines of an operand, of A's rows or B's
// columns, to shared memory, Depth k of each at a time. Lines past the last are the
// last one: what they give is not stored.
template <typename Element, uint Count, uint Depth, uint Threads> struct Fetcher {
  const Element* from;
  long across, along; // from one line to the next; from k to k+1
  uint lines;         // that the operand has, at least 1
  bool whole;         // four neighbours may be read at once

  __device__ __forceinline__ void begin(const Element* first, long line_stride, long k_stride, uint left) {
    from = first;
    across = line_stride;
    along = k_stride;
    lines = left;
    whole = k_stride == 1 && (size_t)first % (4 * sizeof(Element)) == 0 && line_stride % 4 == 0;
  }

  // fetch brings k from first on; those from end on become 0.
  __device__ __forceinline__ void fetch(float* to, uint first, uint end) const {
    const uint line = threadIdx.x / (Depth / 4), k = threadIdx.x % (Depth / 4) * 4;
    enum : uint { apart = Threads / (Depth / 4), times = (Count + apart - 1) / apart };
    to += line * (Depth + line_padding) + k;
    if (whole && first + Depth <= end) {
      UNROLL for (uint t = 0; t < times; t++) {
        if (Count % apart == 0 || line + t * apart < Count) {
          four(to + t * apart * (Depth + line_padding), from + least(line + t * apart, lines - 1) * across + (first + k));
        }
      }
      return;
    }
    _Pragma("unroll 1") for (uint l = line; l < Count; l += apart, to += apart * (Depth + line_padding)) {
      const Element* source = from + least(l, lines - 1) * across + (first + k) * along;
      UNROLL for (uint e = 0; e < 4; e++) {
        to[e] = first + k + e < end ? widen(source[e * along]) : 0.0f;
      }
    }
  }

  static __device__ __forceinline__ void four(float* to, const float* from) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(uint(__cvta_generic_to_shared(to))),
                 "l"(__cvta_generic_to_global(from)) : "memory");
  }
  template <typename Short> static __device__ __forceinline__ void four(float* to, const Short* from) {
    const uint2 v = *(const uint2*)from;
    *(float4*)to = float4{widen(Short{ushort(v.x)}), widen(Short{ushort(v.x >> 16)}), widen(Short{ushort(v.y)}), widen(Short{ushort(v.y >> 16)})};
  }
};

// addFour adds four products to each of a thread's sums, which are eight rows
// and four columns apart. The fewer of rows and columns stay in registers.
template <uint Down, uint Right, uint Pitch> INLINE void addFour(float (*sums)[Right], const float* a, const float* b) {
  constexpr bool tall = Down >= Right;
  constexpr uint few = tall ? Right : Down, many = tall ? Down : Right;
  const float *kept = tall ? b : a, *passing = tall ? a : b;
  float4 y[few];
  UNROLL for (uint c = 0; c < few; c++) {
    y[c] = *(const float4*)(kept + (tall ? 4 : 8) * c * Pitch);
  }
  UNROLL for (uint r = 0; r < many; r++) {
    const float4 x = *(const float4*)(passing + (tall ? 8 : 4) * r * Pitch);
    UNROLL for (uint c = 0; c < few; c++) {
      float& sum = tall ? sums[r][c] : sums[c][r];
      sum = fmaf(x.x, y[c].x, sum);
      sum = fmaf(x.y, y[c].y, sum);
      sum = fmaf(x.z, y[c].z, sum);
      sum = fmaf(x.w, y[c].w, sum);
    }
  }
}
