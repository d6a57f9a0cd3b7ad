// matmul_simd on Hopper, see hopper.cu: a block computes tiles one after
// another, and has the next one's first operands brought while it stores.
template <uint Groups, uint Cols, uint Stages> INLINE void multiplyAny(const Mapped& m) {
  const bool a = m.ways & turned_a, b = m.ways & turned_b;
  if (!a && !b) {
    multiplyMapped<Groups, Cols, Stages, 1, false, false>(m);
  } else if (!a) {
    multiplyMapped<Groups, Cols, Stages, 1, false, true>(m);
  } else if (!b) {
    multiplyMapped<Groups, Cols, Stages, 1, true, false>(m);
  } else {
    multiplyMapped<Groups, Cols, Stages, 1, true, true>(m);
  }
}

#define SIMD(NAME, GROUPS, COLS, STAGES)                                                                                \
  extern "C" __global__ void __launch_bounds__((GROUPS + 1) * group_threads, 1) NAME(const GRID_CONSTANT Mapped m) { \
    multiplyAny<GROUPS, COLS, STAGES>(m);                                                                               \
  }

SIMD(matmul_simd_small, 1, 64, 5)
SIMD(matmul_simd, 2, 128, 6)
SIMD(matmul_simd_wide, 2, 256, 4)
