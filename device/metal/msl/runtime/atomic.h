// Atomics: relaxed only, as in Metal. They order no other memory.
#pragma once
#include "vector.h"

namespace metal {

enum memory_order { memory_order_relaxed };

template <class T>
struct atomic {
  T value;
};
using atomic_int = atomic<int>;
using atomic_uint = atomic<uint>;
using atomic_ulong = atomic<ulong>;
using atomic_float = atomic<float>;
using atomic_bool = atomic<bool>;

}  // namespace metal

// A is the atomic in its address space, T what it holds: the argument is of that
// type whatever is passed.
#define MSL_ATOMIC template <class A, class T = std::remove_cvref_t<decltype(std::declval<A&>().value)>>

namespace metal {

MSL_ATOMIC MSL_FN T atomic_load_explicit(A* p, memory_order) {
  T result;
  __atomic_load(&p->value, &result, __ATOMIC_RELAXED);
  return result;
}
MSL_ATOMIC MSL_FN void atomic_store_explicit(A* p, std::type_identity_t<T> v, memory_order) {
  __atomic_store(&p->value, &v, __ATOMIC_RELAXED);
}
MSL_ATOMIC MSL_FN T atomic_exchange_explicit(A* p, std::type_identity_t<T> v, memory_order) {
  T old;
  __atomic_exchange(&p->value, &v, &old, __ATOMIC_RELAXED);
  return old;
}
MSL_ATOMIC MSL_FN bool atomic_compare_exchange_weak_explicit(A* p, T* expected, std::type_identity_t<T> v,
                                                             memory_order, memory_order) {
  return __atomic_compare_exchange(&p->value, expected, &v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#define MSL_FETCH(name, expression)                                                               \
  MSL_ATOMIC MSL_FN T atomic_fetch_##name##_explicit(A* p, std::type_identity_t<T> v, memory_order) { \
    T old = atomic_load_explicit(p, memory_order_relaxed), next;                                  \
    do {                                                                                          \
      next = (T)(expression);                                                                     \
    } while (!__atomic_compare_exchange(&p->value, &old, &next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)); \
    return old;                                                                                   \
  }
MSL_FETCH(add, old + v)
MSL_FETCH(sub, old - v)
MSL_FETCH(max, old > v ? old : v)
MSL_FETCH(min, old < v ? old : v)
MSL_FETCH(and, old& v)
MSL_FETCH(or, old | v)
MSL_FETCH(xor, old ^ v)
#undef MSL_FETCH
#undef MSL_ATOMIC

}  // namespace metal
