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

#ifdef MAPPED_TILES
#define SMALLN_MAPPED(NAME, DOWN, RIGHT, STAGES)                                                                        \
  extern "C" __global__ void __launch_bounds__(STRAND_THREADS + CARRIER_THREADS, 1) NAME(const GRID_CONSTANT Mapped m) { \
    mappedTiles<DOWN, RIGHT, STAGES>(m);                                                                                \
  }
#define SMALLN_MAPPED_BY8(NAME, DOWN, RIGHT, STAGES)                                                \
  extern "C" __global__ void __cluster_dims__(long_stretches, 1, 1)                                 \
      __launch_bounds__(STRAND_THREADS + CARRIER_THREADS, 1) NAME(const GRID_CONSTANT Mapped m) {   \
    mappedClusters<DOWN, RIGHT, STAGES>(m);                                                         \
  }

SMALLN_MAPPED(matmul_smalln_n32_mapped_low, 4, 8, 6)
SMALLN_MAPPED(matmul_smalln_n32_mapped, 8, 8, 5)
SMALLN_MAPPED(matmul_smalln_n32_mapped_high, 10, 8, 4)
SMALLN_MAPPED(matmul_smalln_n32_mapped_tall, 12, 8, 3)
SMALLN_MAPPED_BY8(matmul_smalln_n32_mapped_by8, 8, 8, 5)
SMALLN_MAPPED_BY8(matmul_smalln_n64_mapped_by8, 8, 16, 4)
#endif
