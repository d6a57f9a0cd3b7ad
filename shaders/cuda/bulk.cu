// The bulk copy engine of Hopper (sm_90a) and what goes with it: maps of operands,
// barriers that wait for bytes, clusters of blocks.

// Map describes an operand to the bulk copy engine.
struct __align__(64) Map {
  char bytes[128];
};

// Ways are how an operand comes to shared memory.
enum : uint { bulk_a = 1, turned_a = 2, bulk_b = 4, turned_b = 8 };

// Mapped is the parameter, in the layout of package launch.
struct Mapped {
  Product product;
  uint ways;
  Map a, b;
};
static_assert(sizeof(Product) == 184 && sizeof(Mapped) == 448, "the layout of package launch");

// ROLLED loops are seldom or short: their code should be, too.
#define ROLLED _Pragma("unroll 1")

INLINE uint addressOf(const void* shared) { return uint(__cvta_generic_to_shared(shared)); }

INLINE void initBarrier(uint barrier, uint count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}
INLINE void arrive(uint barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory"); }

// arriveExpecting arrives, and the barrier waits for so many bytes as well.
INLINE void arriveExpecting(uint barrier, uint bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

INLINE void waitFor(uint barrier, uint parity) {
  asm volatile(
      "{\n.reg .pred done;\nAGAIN:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra OVER;\nbra AGAIN;\nOVER:\n}" ::"r"(barrier), "r"(parity) : "memory");
}

INLINE void bulkCopy(uint to, const Map& map, uint barrier, uint x, uint y, uint z) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];"
               ::"r"(to), "l"(&map), "r"(barrier), "r"(x), "r"(y), "r"(z) : "memory");
}

// clusterBarrier is passed by all threads of a cluster together; what was
// written before it is seen after it.
INLINE void clusterBarrier() {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}

// loadFrom reads four floats that another block of the cluster has at an address.
INLINE float4 loadFrom(uint address, uint rank) {
  float4 x;
  asm volatile("{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %4, %5;\nld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [there];\n}"
               : "=f"(x.x), "=f"(x.y), "=f"(x.z), "=f"(x.w) : "r"(address), "r"(rank) : "memory");
  return x;
}

// Ring is a place among the tiles in shared memory, and the parity of its
// barriers' phase.
template <uint Stages> struct Ring {
  uint stage = 0, parity = 0;
  __device__ __forceinline__ void next() {
    if (++stage == Stages) {
      stage = 0;
      parity ^= 1;
    }
  }
};
