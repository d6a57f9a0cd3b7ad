// matmul_gemv: C column by column, a warp for every four rows.
#define ROWS 4

#define WARPS 4

extern "C" __global__ void __launch_bounds__(WARPS * 32) matmul_gemv(const GRID_CONSTANT Product p) {
  Place at = placeOf(p.args, ROWS * WARPS, 1);
  strands<32, ROWS, 1, 4>(p, at.batch, at.i + threadIdx.x / 32 * ROWS, at.j, threadIdx.x % 32);
}
