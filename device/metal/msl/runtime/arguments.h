// What the generated launchers use: the types of a kernel's parameters, and
// their values.
#pragma once
#include "sync.h"

namespace msl {

template <int i, class First, class... Rest>
struct Nth : Nth<i - 1, Rest...> {};
template <class First, class... Rest>
struct Nth<0, First, Rest...> {
  using type = First;
};

template <class F>
struct Parameters;
template <class... A>
struct Parameters<void (*)(A...)> {
  template <int i>
  using at = typename Nth<i, A...>::type;
};

// What a pointer or reference parameter points at.
template <class A>
using Pointee = std::remove_pointer_t<std::remove_reference_t<A>>;

template <class A>
constexpr uint32_t pointee_size = std::is_void_v<Pointee<A>> ? 1 : sizeof(std::conditional_t<std::is_void_v<Pointee<A>>, char, Pointee<A>>);
template <class A>
constexpr uint32_t pointee_align = alignof(std::conditional_t<std::is_void_v<Pointee<A>>, char, Pointee<A>>);
template <class A>
constexpr bool pointee_writable = !std::is_const_v<Pointee<A>>;

template <class A>
MSL_FN A memory(void* p) {
  if constexpr (std::is_pointer_v<A>) {
    return (A)p;
  } else {
    static_assert(std::is_reference_v<A>, "a buffer argument must be a pointer or a reference");
    return (A) * (Pointee<A>*)p;
  }
}

template <class A>
MSL_FN A place(Size s) {
  using V = std::remove_cv_t<A>;
  using E = Element<V>;
  if constexpr (length<V> == 3) {
    return V{(E)s.x, (E)s.y, (E)s.z};
  } else if constexpr (length<V> == 2) {
    return V{(E)s.x, (E)s.y};
  } else {
    return (V)s.x;
  }
}
template <class A>
MSL_FN A place(uint n) {
  return (A)n;
}

}  // namespace msl
