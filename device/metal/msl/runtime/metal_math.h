// Mathematics. Arguments of one function have one type, as in Metal, where
// max(x, 0) of a float and an int is ambiguous. half goes through float and is
// rounded once. precise:: and fast:: are the same here: both as exact as the C
// library.
//
// max, min, fmax, fmin and clamp give the other operand when one is NaN. (Metal
// says so of fmax and fmin only, and nothing at all under fast math.)
#pragma once
#include "vector.h"

namespace msl {

template <Vector V, class F>
MSL_FN V map(V a, F f) {
  V r;
  for (int i = 0; i < length<V>; i++) r[i] = f((Element<V>)a[i]);
  return r;
}
template <Vector V, class F>
MSL_FN V map(V a, V b, F f) {
  V r;
  for (int i = 0; i < length<V>; i++) r[i] = f((Element<V>)a[i], (Element<V>)b[i]);
  return r;
}
template <Vector V, class F>
MSL_FN V map(V a, V b, V c, F f) {
  V r;
  for (int i = 0; i < length<V>; i++) r[i] = f((Element<V>)a[i], (Element<V>)b[i], (Element<V>)c[i]);
  return r;
}

MSL_FN float rsqrt(float x) { return 1.0f / __builtin_sqrtf(x); }
MSL_FN float exp10(float x) { return __builtin_powf(10.0f, x); }
MSL_FN float fract(float x) { return x - __builtin_floorf(x); }
MSL_FN float sign(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f; }
MSL_FN float saturate(float x) { return x > 0 ? x < 1 ? x : 1.0f : 0.0f; }

template <class T>
MSL_FN bool is_nan(T x) {
  return x != x;
}

}  // namespace msl

#define MSL_UNARY(name, f)                          \
  MSL_FN float name(float x) { return f(x); }       \
  MSL_FN half name(half x) { return (half)f((float)x); } \
  template <msl::FloatingVector V>                  \
  MSL_FN V name(V v) {                              \
    return msl::map(v, [](auto x) { return name(x); }); \
  }

#define MSL_BINARY(name, f)                                                          \
  MSL_FN float name(float a, float b) { return f(a, b); }                            \
  MSL_FN half name(half a, half b) { return (half)f((float)a, (float)b); }           \
  template <msl::FloatingVector V>                                                   \
  MSL_FN V name(V a, V b) {                                                          \
    return msl::map(a, b, [](auto x, auto y) { return name(x, y); });                \
  }

#define MSL_TRANSCENDENTAL           \
  MSL_UNARY(exp, __builtin_expf)     \
  MSL_UNARY(exp2, __builtin_exp2f)   \
  MSL_UNARY(exp10, msl::exp10)       \
  MSL_UNARY(log, __builtin_logf)     \
  MSL_UNARY(log2, __builtin_log2f)   \
  MSL_UNARY(log10, __builtin_log10f) \
  MSL_UNARY(sqrt, __builtin_sqrtf)   \
  MSL_UNARY(rsqrt, msl::rsqrt)       \
  MSL_UNARY(sin, __builtin_sinf)     \
  MSL_UNARY(cos, __builtin_cosf)     \
  MSL_UNARY(tan, __builtin_tanf)     \
  MSL_UNARY(sinh, __builtin_sinhf)   \
  MSL_UNARY(cosh, __builtin_coshf)   \
  MSL_UNARY(tanh, __builtin_tanhf)   \
  MSL_UNARY(asin, __builtin_asinf)   \
  MSL_UNARY(acos, __builtin_acosf)   \
  MSL_UNARY(atan, __builtin_atanf)   \
  MSL_UNARY(floor, __builtin_floorf) \
  MSL_UNARY(ceil, __builtin_ceilf)   \
  MSL_UNARY(trunc, __builtin_truncf) \
  MSL_UNARY(round, __builtin_roundf) \
  MSL_UNARY(rint, __builtin_rintf)   \
  MSL_UNARY(fabs, __builtin_fabsf)   \
  MSL_UNARY(fract, msl::fract)       \
  MSL_UNARY(sign, msl::sign)         \
  MSL_UNARY(saturate, msl::saturate) \
  MSL_BINARY(pow, __builtin_powf)    \
  MSL_BINARY(powr, __builtin_powf)   \
  MSL_BINARY(fmod, __builtin_fmodf)  \
  MSL_BINARY(atan2, __builtin_atan2f) \
  MSL_BINARY(copysign, __builtin_copysignf)

#define MSL_COMPARE(name, take_first)                                   \
  template <msl::Scalar T>                                              \
  MSL_FN T name(T a, T b) {                                             \
    return (take_first) || msl::is_nan(b) ? a : b;                      \
  }                                                                     \
  template <msl::Vector V>                                              \
  MSL_FN V name(V a, V b) {                                             \
    return msl::map(a, b, [](auto x, auto y) { return name(x, y); });   \
  }

#define MSL_ORDERED                                              \
  MSL_COMPARE(max, a > b)                                        \
  MSL_COMPARE(min, a < b)                                        \
  MSL_COMPARE(fmax, a > b)                                       \
  MSL_COMPARE(fmin, a < b)                                       \
  template <class T>                                             \
    requires(msl::Scalar<T> || msl::Vector<T>)                   \
  MSL_FN T clamp(T x, T low, T high) {                           \
    return min(max(x, low), high);                               \
  }

#define MSL_FUSED                                                                        \
  MSL_FN float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }        \
  MSL_FN half fma(half a, half b, half c) { return __builtin_fmaf16(a, b, c); }          \
  template <msl::FloatingVector V>                                                       \
  MSL_FN V fma(V a, V b, V c) {                                                          \
    return msl::map(a, b, c, [](auto x, auto y, auto z) { return fma(x, y, z); });       \
  }

namespace metal {

MSL_TRANSCENDENTAL
MSL_ORDERED
MSL_FUSED
namespace fast {
MSL_TRANSCENDENTAL
MSL_ORDERED
MSL_FUSED
MSL_BINARY(divide, [](float a, float b) { return a / b; })
}  // namespace fast
namespace precise {
MSL_TRANSCENDENTAL
MSL_ORDERED
MSL_FUSED
MSL_BINARY(divide, [](float a, float b) { return a / b; })
}  // namespace precise
MSL_BINARY(divide, [](float a, float b) { return a / b; })

#define MSL_CLASSIFY(name, f)                                  \
  MSL_FN bool name(float x) { return f(x); }                   \
  MSL_FN bool name(half x) { return f((float)x); }             \
  template <msl::FloatingVector V>                             \
  MSL_FN msl::Mask<V> name(V v) {                              \
    msl::Mask<V> r;                                            \
    for (int i = 0; i < msl::length<V>; i++) r[i] = -(int)f((float)v[i]); \
    return r;                                                  \
  }
MSL_CLASSIFY(isnan, __builtin_isnan)
MSL_CLASSIFY(isinf, __builtin_isinf)
MSL_CLASSIFY(isfinite, __builtin_isfinite)
MSL_CLASSIFY(isnormal, __builtin_isnormal)
MSL_CLASSIFY(signbit, __builtin_signbit)

MSL_FN float ldexp(float x, int e) { return __builtin_ldexpf(x, e); }

template <class T>
MSL_FN T abs(T a) {
  if constexpr (msl::Vector<T>) {
    return msl::map(a, [](auto x) { return abs(x); });
  } else if constexpr (msl::Floating<T>) {
    return (T)__builtin_fabsf((float)a);
  } else {
    return a < T(0) ? (T)-a : a;
  }
}

template <class T>
  requires(msl::Floating<T> || msl::FloatingVector<T>)
MSL_FN T mix(T a, T b, T t) {
  return a + (b - a) * t;
}

// select gives a where the condition is false and b where it is true.
template <msl::Scalar T>
MSL_FN T select(T a, T b, bool condition) {
  return condition ? b : a;
}
template <msl::Vector V, msl::IntegerVector C>
  requires(msl::length<V> == msl::length<C>)
MSL_FN V select(V a, V b, C condition) {
  V r;
  for (int i = 0; i < msl::length<V>; i++) r[i] = condition[i] ? b[i] : a[i];
  return r;
}

MSL_FN bool all(bool b) { return b; }
MSL_FN bool any(bool b) { return b; }
template <msl::IntegerVector V>
MSL_FN bool all(V v) {
  for (int i = 0; i < msl::length<V>; i++) {
    if (!v[i]) return false;
  }
  return true;
}
template <msl::IntegerVector V>
MSL_FN bool any(V v) {
  for (int i = 0; i < msl::length<V>; i++) {
    if (v[i]) return true;
  }
  return false;
}

template <msl::FloatingVector V>
MSL_FN msl::Element<V> dot(V a, V b) {
  msl::Element<V> sum = a[0] * b[0];
  for (int i = 1; i < msl::length<V>; i++) sum += a[i] * b[i];
  return sum;
}
template <msl::FloatingVector V>
MSL_FN msl::Element<V> length_squared(V v) {
  return dot(v, v);
}
template <msl::FloatingVector V>
MSL_FN msl::Element<V> length(V v) {
  return sqrt(dot(v, v));
}

template <msl::Integer T>
MSL_FN T popcount(T x) {
  return (T)__builtin_popcountl((std::make_unsigned_t<T>)x);
}
template <msl::Integer T>
MSL_FN T clz(T x) {
  constexpr int bits = 8 * sizeof(T);
  return x ? (T)(__builtin_clzl((std::make_unsigned_t<T>)x) - (64 - bits)) : (T)bits;
}
template <msl::Integer T>
MSL_FN T ctz(T x) {
  return x ? (T)__builtin_ctzl((std::make_unsigned_t<T>)x) : (T)(8 * sizeof(T));
}
MSL_FN uint reverse_bits(uint x) { return __builtin_bitreverse32(x); }
template <msl::Integer T>
  requires(sizeof(T) <= 4)
MSL_FN T mulhi(T a, T b) {
  return (T)((std::conditional_t<std::is_signed_v<T>, long, ulong>)a * b >> 8 * sizeof(T));
}
template <msl::Integer T>
MSL_FN T extract_bits(T x, uint offset, uint bits) {
  constexpr uint width = 8 * sizeof(T);
  if (bits == 0) return 0;
  return (T)((T)(x << (width - bits - offset)) >> (width - bits));
}

}  // namespace metal
