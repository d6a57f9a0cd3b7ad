// Simdgroup functions: all live lanes of a simdgroup meet, and the last one to
// arrive computes for all. They move registers only; they order no memory.
#pragma once
#include "metal_math.h"
#include "sync.h"

namespace msl {

// The operands of the lanes that met.
template <class T>
struct Lanes {
  void* const* operands;
  uint active;
  bool has(uint i) const { return i < lanes && (active >> i & 1); }
  T& operator[](uint i) const { return *(T*)operands[i]; }
};

// together meets with the other lanes; f, a lambda without captures, gets the
// operands of all and may change them.
template <class T, class F>
MSL_FN void together(T& operand, Site site, F) {
  meet(&operand, [](void* const* operands, uint active) { F{}(Lanes<T>{operands, active}); }, site);
}

// reduce folds the lanes' values in the order of the lanes.
template <class T, class F>
MSL_FN T reduce(T value, Site site, F) {
  together(value, site, [](Lanes<T> l) {
    uint first = __builtin_ctz(l.active);
    T sum = l[first];
    for (uint i = first + 1; i < lanes; i++) {
      if (l.has(i)) sum = F{}(sum, l[i]);
    }
    for (uint i = 0; i < lanes; i++) {
      if (l.has(i)) l[i] = sum;
    }
  });
  return value;
}

// scan gives each lane the fold of the lanes before it, and its own if inclusive.
template <bool inclusive, class T, class F>
MSL_FN T scan(T value, T start, Site site, F) {
  struct Operand {
    T value, sum;
  } operand{value, start};
  together(operand, site, [](Lanes<Operand> l) {
    T sum = l[__builtin_ctz(l.active)].sum;
    for (uint i = 0; i < lanes; i++) {
      if (!l.has(i)) continue;
      T next = F{}(sum, l[i].value);
      l[i].sum = inclusive ? next : sum;
      sum = next;
    }
  });
  return operand.sum;
}

enum class Absent { keep, poison };

// shuffle gives each lane the value of the lane it names. Where that one is not
// there, the lane keeps its own, or gets NaN: Metal says nothing of what it gets.
template <Absent absent, class T>
MSL_FN T shuffle(T value, int source, Site site) {
  struct Operand {
    T value, result;
    int source;
  } operand{value, value, source};
  together(operand, site, [](Lanes<Operand> l) {
    for (uint i = 0; i < lanes; i++) {
      if (!l.has(i)) continue;
      if (l.has((uint)l[i].source)) {
        l[i].result = l[(uint)l[i].source].value;
      } else if (absent == Absent::poison) {
        __builtin_memset(&l[i].result, 0xff, sizeof(T));
      }
    }
  });
  return operand.result;
}

MSL_FN int lane() { return (int)builtin::thread_index_in_simdgroup(); }

}  // namespace msl

#define MSL_REDUCE(name, expression)                                            \
  template <class T>                                                            \
  MSL_FN T name(T v, msl::Site site = MSL_HERE) {                            \
    return msl::reduce(v, site, [](T a, T b) { return (T)(expression); });      \
  }
#define MSL_SCAN(name, inclusive, start, op)                                                 \
  template <class T>                                                                         \
  MSL_FN T name(T v, msl::Site site = MSL_HERE) {                                         \
    return msl::scan<inclusive>(v, (T)start, site, [](T a, T b) { return (T)(a op b); });    \
  }
#define MSL_SHUFFLE(name, absent, parameter, source)                    \
  template <class T>                                                    \
  MSL_FN T name(T v, ushort parameter, msl::Site site = MSL_HERE) {  \
    return msl::shuffle<msl::Absent::absent>(v, source, site);          \
  }

namespace metal {

MSL_REDUCE(simd_sum, a + b)
MSL_REDUCE(simd_product, a* b)
MSL_REDUCE(simd_max, max(a, b))
MSL_REDUCE(simd_min, min(a, b))
MSL_REDUCE(simd_and, a& b)
MSL_REDUCE(simd_or, a | b)
MSL_REDUCE(simd_xor, a ^ b)

MSL_SCAN(simd_prefix_inclusive_sum, true, 0, +)
MSL_SCAN(simd_prefix_exclusive_sum, false, 0, +)
MSL_SCAN(simd_prefix_inclusive_product, true, 1, *)
MSL_SCAN(simd_prefix_exclusive_product, false, 1, *)

MSL_SHUFFLE(simd_shuffle, poison, source, (int)source)
MSL_SHUFFLE(simd_broadcast, poison, source, (int)source)
MSL_SHUFFLE(simd_shuffle_xor, poison, mask, msl::lane() ^ (int)mask)
MSL_SHUFFLE(simd_shuffle_up, keep, delta, msl::lane() - (int)delta)
MSL_SHUFFLE(simd_shuffle_down, keep, delta, msl::lane() + (int)delta)
MSL_SHUFFLE(simd_shuffle_rotate_up, poison, delta, (msl::lane() - (int)delta) & 31)
MSL_SHUFFLE(simd_shuffle_rotate_down, poison, delta, (msl::lane() + (int)delta) & 31)
MSL_SHUFFLE(quad_shuffle_xor, poison, mask, msl::lane() ^ ((int)mask & 3))
MSL_SHUFFLE(quad_broadcast, poison, source, (msl::lane() & ~3) | ((int)source & 3))

template <class T>
MSL_FN T quad_sum(T v, msl::Site site = MSL_HERE) {
  v = (T)(v + quad_shuffle_xor(v, 1, site));
  return (T)(v + quad_shuffle_xor(v, 2, site));
}

template <class T>
MSL_FN T simd_broadcast_first(T v, msl::Site site = MSL_HERE) {
  return msl::reduce(v, site, [](T a, T) { return a; });
}

class simd_vote {
 public:
  using vote_t = ulong;
  explicit simd_vote(vote_t votes) : votes(votes) {}
  explicit operator vote_t() const { return votes; }
  bool all() const { return (uint)votes == 0xffffffffu; }
  bool any() const { return votes != 0; }

 private:
  vote_t votes;
};

MSL_FN simd_vote simd_ballot(bool b, msl::Site site = MSL_HERE) {
  return simd_vote((ulong)simd_or(b ? 1u << msl::lane() : 0u, site));
}
MSL_FN simd_vote simd_active_threads_mask(msl::Site site = MSL_HERE) { return simd_ballot(true, site); }
MSL_FN bool simd_all(bool b, msl::Site site = MSL_HERE) { return simd_and((uint)b, site) != 0; }
MSL_FN bool simd_any(bool b, msl::Site site = MSL_HERE) { return simd_or((uint)b, site) != 0; }
MSL_FN bool simd_is_first(msl::Site site = MSL_HERE) {
  return simd_broadcast_first((uint)msl::lane(), site) == (uint)msl::lane();
}

}  // namespace metal

#undef MSL_REDUCE
#undef MSL_SCAN
#undef MSL_SHUFFLE
