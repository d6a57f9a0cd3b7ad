// matmul_smalln_n1 to n16, and wider ones for many jobs together, on Hopper,
// see hopper.cu: A is read once for up to 64 columns. How many strands share a
// sum is decided by K alone. The instruction has eight columns: n1, n2 and n4
// would be the same as n8.
template <uint Groups, uint Cols, uint Stages, uint Strands> INLINE void smalln(const Mapped& m) {
  if (m.ways & turned_a) {
    multiplyMapped<Groups, Cols, Stages, Strands, true, false>(m);
  } else {
    multiplyMapped<Groups, Cols, Stages, Strands, false, false>(m);
  }
}

#define SMALLN(NAME, GROUPS, COLS, STAGES, STRANDS)                                                        \
  extern "C" __global__ void __cluster_dims__(STRANDS, 1, 1) __launch_bounds__((GROUPS + 1) * group_threads) \
      NAME(const GRID_CONSTANT Mapped m) {                                                                 \
    smalln<GROUPS, COLS, STAGES, STRANDS>(m);                                                              \
  }

// Whole sums.
SMALLN(matmul_smalln_n8, 1, 8, 6, 1)
SMALLN(matmul_smalln_n16, 1, 16, 6, 1)
SMALLN(matmul_smalln_n32, 1, 32, 6, 1)
SMALLN(matmul_smalln_n64, 1, 64, 5, 1)
SMALLN(matmul_smalln_n32_tall, 2, 32, 8, 1)
SMALLN(matmul_smalln_n64_tall, 2, 64, 7, 1)
// Of four strands.
SMALLN(matmul_smalln_n8_by4, 1, 8, 6, 4)
SMALLN(matmul_smalln_n16_by4, 1, 16, 6, 4)
SMALLN(matmul_smalln_n32_by4, 1, 32, 5, 4)
SMALLN(matmul_smalln_n64_by4, 1, 64, 3, 4)
// Of eight.
SMALLN(matmul_smalln_n8_by8, 1, 8, 6, 8)
SMALLN(matmul_smalln_n16_by8, 1, 16, 6, 8)
SMALLN(matmul_smalln_n32_by8, 1, 32, 5, 8)
SMALLN(matmul_smalln_n64_by8, 1, 64, 3, 8)
