// The beginning of every Metal kernel: types, arguments, and what is done with
// a finished sum. What stands before this text defines TYPE_A, TYPE_B and
// TYPE_C (softmax: A is the type of X, C of Y).
#include <metal_stdlib>
using namespace metal;

// No a*b + c is fused but where fma says so: else two specialisations could
// round differently. The driver turns fast math off, which is not known to imply
// it everywhere.
#pragma METAL fp contract(off)

#define TYPE_F32 1
#define TYPE_F16 2
#define TYPE_BF16 3

// Bfloat is a bf16 by its bits: Metal has the type only from version 3.1 on.
struct Bfloat {
  ushort bits;
};

template <int Type> struct ElementOf;
template <> struct ElementOf<TYPE_F32> { using type = float; };
template <> struct ElementOf<TYPE_F16> { using type = half; };
template <> struct ElementOf<TYPE_BF16> { using type = Bfloat; };

using ElementA = ElementOf<TYPE_A>::type;
using ElementB = ElementOf<TYPE_B>::type;
using ElementC = ElementOf<TYPE_C>::type;

inline float widen(float x) { return x; }
inline float widen(half x) { return float(x); }
inline float widen(Bfloat x) { return as_type<float>(uint(x.bits) << 16); }

// narrow rounds to the nearest, to even in the middle.
template <typename T> inline T narrow(float x);
template <> inline float narrow<float>(float x) { return x; }
template <> inline half narrow<half>(float x) { return half(x); }
template <> inline Bfloat narrow<Bfloat>(float x) {
  uint bits = as_type<uint>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { // NaN stays NaN
    return Bfloat{ushort((bits >> 16) | 0x40u)};
  }
  return Bfloat{ushort((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// What a pipeline is specialised by; the indices are those of package launch.
constant bool trans_a [[function_constant(0)]];
constant bool trans_b [[function_constant(1)]];
constant bool has_beta [[function_constant(2)]];
constant bool has_bias [[function_constant(3)]];
constant bool causal [[function_constant(4)]];
constant bool query_offset [[function_constant(5)]];
constant bool simd_reduction [[function_constant(6)]];
constant uint threadgroup_size [[function_constant(7)]];

// at returns the place of element (i, j) of matrix b.
inline long at(Matrix m, uint b, uint i, uint j) {
  return m.offset + long(b) * m.batch + long(i) * m.row + long(j) * m.col;
}
