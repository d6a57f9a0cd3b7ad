// simdgroup_matrix: 8x8, spread over the 32 lanes of a simdgroup, two elements
// of a row in each lane. All 32 lanes must take part.
#pragma once
#include "simdgroup.h"

namespace msl {

// Where lane's two elements are: the layout of Apple's GPUs.
MSL_FN constexpr int matrix_row(int lane) { return (lane / 4 & 4) + lane / 2 % 4; }
MSL_FN constexpr int matrix_column(int lane) { return (lane / 4 & 2) * 2 + lane % 2 * 2; }

// all_lanes meets before a load or a store, to see that no lane is missing.
MSL_FN void all_lanes(Site site) {
  struct Operand {
    bool all;
  } operand{false};
  together(operand, site, [](Lanes<Operand> l) {
    for (uint i = 0; i < lanes; i++) {
      if (l.has(i)) l[i].all = l.active == ~0u;
    }
  });
  if (!operand.all) fault(MSL_SIMDGROUP, "a simdgroup_matrix function without all 32 lanes", site);
}

}  // namespace msl

namespace metal {

template <class T, int Columns, int Rows>
struct simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "a simdgroup_matrix is 8x8");
  static_assert(msl::Floating<T>, "a simdgroup_matrix is of float or half");

  MSL_FN simdgroup_matrix() = default;
  // A diagonal matrix.
  MSL_FN explicit simdgroup_matrix(T diagonal) {
    int row = msl::matrix_row(msl::lane()), column = msl::matrix_column(msl::lane());
    for (int k = 0; k < 2; k++) elements[k] = row == column + k ? diagonal : T(0);
  }
  MSL_FN vec<T, 2>& thread_elements() { return elements; }
  MSL_FN const vec<T, 2>& thread_elements() const { return elements; }

 private:
  vec<T, 2> elements;
};

using simdgroup_float8x8 = simdgroup_matrix<float, 8, 8>;
using simdgroup_half8x8 = simdgroup_matrix<half, 8, 8>;

template <class T, int Columns, int Rows>
MSL_FN simdgroup_matrix<T, Columns, Rows> make_filled_simdgroup_matrix(T value) {
  simdgroup_matrix<T, Columns, Rows> m;
  m.thread_elements() = value;
  return m;
}

// element returns where the k-th element of this lane lies in memory.
template <class P>
MSL_FN P* msl_element(P* memory, ulong stride, ulong2 origin, bool transpose, int k) {
  ulong row = msl::matrix_row(msl::lane()), column = msl::matrix_column(msl::lane()) + k;
  return memory + origin.y * stride + origin.x + (transpose ? column * stride + row : row * stride + column);
}

// The element type of memory is the matrix's, as in Metal.
template <class T, class P>
MSL_FN void simdgroup_load(simdgroup_matrix<T, 8, 8>& m, P* memory, ulong elements_per_row = 8, ulong2 origin = 0,
                           bool transpose = false, msl::Site site = MSL_HERE) {
#ifndef MSL_LINT
  static_assert(std::is_same_v<std::remove_cv_t<P>, T>, "simdgroup_load from memory of another type");
#endif
  msl::all_lanes(site);
  for (int k = 0; k < 2; k++) m.thread_elements()[k] = *msl_element(memory, elements_per_row, origin, transpose, k);
}

template <class T, class P>
MSL_FN void simdgroup_store(simdgroup_matrix<T, 8, 8> m, P* memory, ulong elements_per_row = 8, ulong2 origin = 0,
                            bool transpose = false, msl::Site site = MSL_HERE) {
#ifndef MSL_LINT
  static_assert(std::is_same_v<P, T>, "simdgroup_store to memory of another type");
#endif
  msl::all_lanes(site);
  for (int k = 0; k < 2; k++) *msl_element(memory, elements_per_row, origin, transpose, k) = m.thread_elements()[k];
}

// d = a b + c. Sums are made in float, in ascending order of the inner index,
// starting from c, and rounded once to d's type.
template <class D, class A, class B, class C>
MSL_FN void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8>& d, simdgroup_matrix<A, 8, 8> a,
                                          simdgroup_matrix<B, 8, 8> b, simdgroup_matrix<C, 8, 8> c,
                                          msl::Site site = MSL_HERE) {
  struct Operand {
    vec<A, 2> a;
    vec<B, 2> b;
    vec<C, 2> c;
    vec<D, 2> d;
    bool all;
  } operand{a.thread_elements(), b.thread_elements(), c.thread_elements(), 0, false};
  msl::together(operand, site, [](msl::Lanes<Operand> l) {
    if (l.active != ~0u) return;
    float left[8][8], right[8][8], sum[8][8];
    for (int i = 0; i < 32; i++) {
      int row = msl::matrix_row(i), column = msl::matrix_column(i);
      for (int k = 0; k < 2; k++) {
        left[row][column + k] = (float)l[i].a[k];
        right[row][column + k] = (float)l[i].b[k];
        sum[row][column + k] = (float)l[i].c[k];
      }
    }
    for (int i = 0; i < 8; i++) {
      for (int k = 0; k < 8; k++) {
        for (int j = 0; j < 8; j++) sum[i][j] = __builtin_fmaf(left[i][k], right[k][j], sum[i][j]);
      }
    }
    for (int i = 0; i < 32; i++) {
      int row = msl::matrix_row(i), column = msl::matrix_column(i);
      for (int k = 0; k < 2; k++) l[i].d[k] = (D)sum[row][column + k];
      l[i].all = true;
    }
  });
  if (!operand.all) msl::fault(MSL_SIMDGROUP, "a simdgroup_matrix function without all 32 lanes", site);
  d.thread_elements() = operand.d;
}

template <class D, class A, class B>
MSL_FN void simdgroup_multiply(simdgroup_matrix<D, 8, 8>& d, simdgroup_matrix<A, 8, 8> a, simdgroup_matrix<B, 8, 8> b,
                               msl::Site site = MSL_HERE) {
  simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<D, 8, 8>(D(0)), site);
}

}  // namespace metal
