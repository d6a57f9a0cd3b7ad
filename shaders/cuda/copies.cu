// Copies of f32 to shared memory that nobody waits for at once.

// copyOne brings 0 for what is not inside.
INLINE void copyOne(float* to, const float* from, bool inside) {
  const uint bytes = inside ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(uint(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)), "r"(bytes) : "memory");
}

INLINE void copyFour(float* to, const float* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(uint(__cvta_generic_to_shared(to))),
               "l"(__cvta_generic_to_global(from)) : "memory");
}
