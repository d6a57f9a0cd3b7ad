// The tensor cores' product of 16-bit floats.
#if TYPE_A == TYPE_B && TYPE_A != TYPE_F32
#define TENSOR_CORES 1

// multiplyAdd adds the product of 16 x 16 of A and 16 x 8 of B to 16 x 8 sums.
INLINE void multiplyAdd(float* sums, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) {
#if TYPE_A == TYPE_F16
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#else
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#endif
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
#else
#define TENSOR_CORES 0
#endif
