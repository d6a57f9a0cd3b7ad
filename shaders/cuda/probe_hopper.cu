// What a compiler must take for the kernels of Hopper: a product of each sort
// that they are made of.
extern "C" __global__ void __launch_bounds__(3 * group_threads, 1) probe_hopper(const GRID_CONSTANT Mapped m) {
  multiplyMapped<2, 256, 4, 1, false, true>(m);
}
extern "C" __global__ void __cluster_dims__(4, 1, 1) __launch_bounds__(2 * group_threads)
    probe_hopper_by4(const GRID_CONSTANT Mapped m) {
  multiplyMapped<1, 8, 2, 4, true, false>(m);
}
