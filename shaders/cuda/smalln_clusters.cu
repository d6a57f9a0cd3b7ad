// Those of matmul_smalln_n1 to n16 on multiply-adds that clusters compute, beside
// the others.
#define SMALLN_BY8(NAME, DOWN, RIGHT, STAGES, DEPTH)                                                               \
  extern "C" __global__ void __cluster_dims__(long_stretches, 1, 1)                                                \
      __launch_bounds__(THREADS, DOWN * RIGHT < 64 ? 2 : 1) NAME(const GRID_CONSTANT Product p) {                  \
    strandClusters<DOWN, RIGHT, STAGES, DEPTH>(p);                                                                 \
  }

SMALLN_BY8(matmul_smalln_n8_by8, 8, 2, 4, 64)
SMALLN_BY8(matmul_smalln_n16_by8, 8, 4, 4, 64)
SMALLN_BY8(matmul_smalln_n32_by8, 8, 8, 2, 128)
SMALLN_BY8(matmul_smalln_n64_by8, 8, 16, 3, 128)
