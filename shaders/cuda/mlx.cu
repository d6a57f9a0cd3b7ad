// matmul_mlx: tiles of C after MLX's design, on plain multiply-adds. Package
// launch chooses the tile; all sum alike, so the choice does not show.
extern "C" __global__ void __launch_bounds__(128) matmul_mlx(const GRID_CONSTANT Product p) {
  multiplyTile<64, 64, 1, 2>(p);
}

extern "C" __global__ void __launch_bounds__(64) matmul_mlx_small(const GRID_CONSTANT Product p) {
  multiplyTile<32, 32, 1, 1>(p);
}
