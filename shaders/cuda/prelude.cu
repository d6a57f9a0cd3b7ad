// The beginning of every CUDA kernel: element types, arguments, and what is
// done with a finished sum. What stands before this text defines TYPE_A, TYPE_B
// and TYPE_C (softmax: A is the type of X, C of Y).
typedef unsigned int uint;
typedef unsigned short ushort;

#define TYPE_F32 1
#define TYPE_F16 2
#define TYPE_BF16 3

#define UNROLL _Pragma("unroll")
#define INLINE static __device__ __forceinline__
#define LOWEST (-3.402823466e38f)
#define INFINITE __int_as_float(0x7f800000)

// Half and Bfloat are 16-bit floats by their bits: NVRTC has no headers for
// them unless a toolkit is installed.
struct Half {
  ushort bits;
};
struct Bfloat {
  ushort bits;
};

template <int Type> struct ElementOf;
template <> struct ElementOf<TYPE_F32> { using type = float; };
template <> struct ElementOf<TYPE_F16> { using type = Half; };
template <> struct ElementOf<TYPE_BF16> { using type = Bfloat; };

using ElementA = ElementOf<TYPE_A>::type;
using ElementB = ElementOf<TYPE_B>::type;
using ElementC = ElementOf<TYPE_C>::type;

INLINE float widen(float x) { return x; }
INLINE float widen(Half x) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x.bits));
  return f;
}
INLINE float widen(Bfloat x) { return __uint_as_float(uint(x.bits) << 16); }

// narrow rounds to the nearest, to even in the middle.
template <typename T> INLINE T narrow(float x);
template <> __device__ __forceinline__ float narrow<float>(float x) { return x; }
template <> __device__ __forceinline__ Half narrow<Half>(float x) {
  Half h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(x));
  return h;
}
template <> __device__ __forceinline__ Bfloat narrow<Bfloat>(float x) {
  uint bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { // NaN stays NaN
    return Bfloat{ushort((bits >> 16) | 0x40u)};
  }
  return Bfloat{ushort((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

INLINE uint least(uint a, uint b) { return a < b ? a : b; }

// at returns the place of element (i, j) of matrix b.
INLINE long at(const Matrix& m, uint b, uint i, uint j) {
  return m.offset + long(b) * m.batch + long(i) * m.row + long(j) * m.col;
}

// Place is what a block of threads computes of a product: from element (i, j) of
// matrix batch on.
struct Place {
  uint i, j, batch;
};

// placeOf cuts C into parts of height x width. Neighbours in the grid stand
// below each other.
INLINE Place placeOf(const MatmulArguments& args, uint height, uint width) {
  uint down = (args.m + height - 1) / height;
  return Place{blockIdx.x % down * height, blockIdx.x / down * width, blockIdx.z};
}

// fromNeighbour returns what the lane at a distance holds.
INLINE float fromNeighbour(float x, uint distance) {
  return __shfl_xor_sync(0xffffffffu, x, int(distance));
}

// runOf returns the index of the run that a column or row belongs to. Empty
// runs have the same first place as the run after them, which counts.
template <typename Run> INLINE uint runOf(const Run* runs, uint count, uint place) {
  uint low = 0, high = count;
  while (high - low > 1) {
    uint middle = (low + high) / 2;
    if (runs[middle].first <= place) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

// Product is the parameter of all products, in the layout of package launch.
// A single run travels in it.
struct Product {
  const ElementA* a;
  const ElementB* b;
  ElementC* c;
  const ColumnRun* runs;
  const Matrix* biases;
  const ElementC* bias;
  MatmulArguments args;
  ColumnRun only;

  __device__ __forceinline__ ColumnRun run(uint column) const {
    return args.runs == 1 ? only : runs[runOf(runs, args.runs, column)];
  }

  // value returns alpha*sum + beta*C + bias for element (i, j) of matrix b of
  // C. With alpha 0 the sum does not count, whatever it is.
  __device__ __forceinline__ float value(const ColumnRun& of, uint batch, uint i, uint j, float sum) const {
    float value = of.alpha == 0.0f ? 0.0f : of.alpha * sum;
    if (of.beta != 0.0f) {
      value = fmaf(of.beta, widen(c[at(args.c, batch, i, j)]), value);
    }
    if (of.bias >= 0) {
      value += widen(bias[at(biases[of.bias], batch, i, j - of.first)]);
    }
    return value;
  }

  // finish stores that.
  __device__ __forceinline__ void finish(const ColumnRun& of, uint batch, uint i, uint j, float sum) const {
    c[at(args.c, batch, i, j)] = narrow<ElementC>(value(of, batch, i, j, sum));
  }
};
