// Scalars and vectors. Metal's vectors are clang's extended vectors: swizzles,
// arithmetic and alignment are as in Metal. Comparisons give integer vectors
// (0 and -1), so bool4 is one, too. What they lack is float4(a, b, c, d), which
// the translator turns into msl::make<float4>(a, b, c, d).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <type_traits>

#define MSL_FN inline __attribute__((always_inline))
#define METAL_FUNC MSL_FN

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef _Float16 half;

constexpr half operator""h(long double x) { return (half)x; }

namespace metal {

template <class T, int N>
using vec = T __attribute__((ext_vector_type(N)));

}  // namespace metal

#define MSL_VECTORS(name, T)        \
  using name##2 = metal::vec<T, 2>; \
  using name##3 = metal::vec<T, 3>; \
  using name##4 = metal::vec<T, 4>;
MSL_VECTORS(char, char)
MSL_VECTORS(uchar, uchar)
MSL_VECTORS(short, short)
MSL_VECTORS(ushort, ushort)
MSL_VECTORS(int, int)
MSL_VECTORS(uint, uint)
MSL_VECTORS(long, long)
MSL_VECTORS(ulong, ulong)
MSL_VECTORS(float, float)
MSL_VECTORS(half, half)
MSL_VECTORS(bool, int)
#undef MSL_VECTORS

namespace msl {

template <class T>
struct Traits {
  static constexpr int length = 0;
  using Element = T;
};
template <class T, int N>
struct Traits<T __attribute__((ext_vector_type(N)))> {
  static constexpr int length = N;
  using Element = T;
};
template <class T>
using Element = typename Traits<T>::Element;
template <class T>
constexpr int length = Traits<T>::length;
template <class T>
concept Vector = length<T> > 0;
template <class T>
concept Scalar = std::is_arithmetic_v<T> || std::is_same_v<T, half>;
template <class T>
concept Floating = std::is_same_v<T, float> || std::is_same_v<T, half>;
template <class T>
concept Integer = std::is_integral_v<T>;
template <class T>
concept FloatingVector = Vector<T> && Floating<Element<T>>;
template <class T>
concept IntegerVector = Vector<T> && Integer<Element<T>>;

// What a comparison of vectors gives.
template <Vector V>
using Mask = decltype(V{} == V{});

template <Vector V, class A>
MSL_FN void put(V& out, int& at, A a) {
  if constexpr (Vector<A>) {
    for (int i = 0; i < length<A>; i++) out[at++] = (Element<V>)a[i];
  } else {
    out[at++] = (Element<V>)a;
  }
}

template <class... A>
constexpr int total = (0 + ... + (Vector<A> ? length<A> : 1));

// make is a vector's constructor: of one scalar, of one vector whose elements it
// converts, or of parts whose lengths add up.
template <Vector V, class... A>
MSL_FN V make(A... a) {
  if constexpr (sizeof...(A) == 1 && (Scalar<A> && ...)) {
    return (V)((Element<V>)a, ...);
  } else {
    static_assert(total<A...> == length<V>, "the parts do not add up to the vector's length");
    V v{};
    int at = 0;
    (put(v, at, a), ...);
    return v;
  }
}

}  // namespace msl

namespace metal {

using std::bool_constant;
using std::conditional;
using std::conditional_t;
using std::enable_if;
using std::enable_if_t;
using std::false_type;
using std::integral_constant;
using std::is_integral;
using std::is_integral_v;
using std::is_same;
using std::is_same_v;
using std::is_signed;
using std::is_signed_v;
using std::is_unsigned;
using std::is_unsigned_v;
using std::make_signed_t;
using std::make_unsigned_t;
using std::remove_cv_t;
using std::true_type;

template <class T>
struct is_floating_point : std::bool_constant<msl::Floating<T>> {};
template <class T>
constexpr bool is_floating_point_v = is_floating_point<T>::value;

template <class To, class From>
MSL_FN To as_type(From from) {
  static_assert(sizeof(To) == sizeof(From), "as_type between types of different sizes");
  return __builtin_bit_cast(To, from);
}

// Elements one after another, as metal_array has it.
template <class T, size_t N>
struct array {
  T elements[N];
  MSL_FN constexpr T& operator[](size_t i) { return elements[i]; }
  MSL_FN constexpr const T& operator[](size_t i) const { return elements[i]; }
  static constexpr size_t size() { return N; }
};

}  // namespace metal
