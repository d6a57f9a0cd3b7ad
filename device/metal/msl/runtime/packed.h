// Packed vectors: without padding, aligned like their elements.
#pragma once
#include "vector.h"

#ifdef MSL_LINT
// Types only: packed vectors stand in as vectors, which may lie in any address space.
namespace metal {
template <class T, int N>
using packed_vec = vec<T, N>;
}
#else
namespace metal {

template <class T, int N>
struct packed_fields {
  T x, y;
};
template <class T>
struct packed_fields<T, 3> {
  T x, y, z;
};
template <class T>
struct packed_fields<T, 4> {
  T x, y, z, w;
};

// A vector without padding, aligned like its element.
template <class T, int N>
struct packed_vec : packed_fields<T, N> {
  packed_vec() = default;
  MSL_FN packed_vec(vec<T, N> v) {
    for (int i = 0; i < N; i++) (*this)[i] = v[i];
  }
  MSL_FN operator vec<T, N>() const {
    vec<T, N> v;
    for (int i = 0; i < N; i++) v[i] = (*this)[i];
    return v;
  }
  MSL_FN T& operator[](int i) { return ((T*)this)[i]; }
  MSL_FN T operator[](int i) const { return ((const T*)this)[i]; }
};

#define MSL_PACKED_OPERATOR(op)                                                                                \
  template <class T, int N>                                                                                    \
  MSL_FN vec<T, N> operator op(packed_vec<T, N> a, packed_vec<T, N> b) {                                       \
    return (vec<T, N>)a op(vec<T, N>) b;                                                                       \
  }                                                                                                            \
  template <class T, int N>                                                                                    \
  MSL_FN vec<T, N> operator op(packed_vec<T, N> a, std::type_identity_t<vec<T, N>> b) {                        \
    return (vec<T, N>)a op b;                                                                                  \
  }                                                                                                            \
  template <class T, int N>                                                                                    \
  MSL_FN vec<T, N> operator op(std::type_identity_t<vec<T, N>> a, packed_vec<T, N> b) {                        \
    return a op(vec<T, N>) b;                                                                                  \
  }
MSL_PACKED_OPERATOR(+)
MSL_PACKED_OPERATOR(-)
MSL_PACKED_OPERATOR(*)
MSL_PACKED_OPERATOR(/)
#undef MSL_PACKED_OPERATOR

}  // namespace metal

namespace msl {
template <class T, int N>
struct Traits<metal::packed_vec<T, N>> {
  static constexpr int length = N;
  using Element = T;
};
}  // namespace msl
#endif

namespace metal {
#define MSL_PACKED(name)                         \
  using packed_##name##2 = packed_vec<name, 2>;  \
  using packed_##name##3 = packed_vec<name, 3>;  \
  using packed_##name##4 = packed_vec<name, 4>;
MSL_PACKED(char)
MSL_PACKED(uchar)
MSL_PACKED(short)
MSL_PACKED(ushort)
MSL_PACKED(int)
MSL_PACKED(uint)
MSL_PACKED(half)
MSL_PACKED(float)
#undef MSL_PACKED

}  // namespace metal
