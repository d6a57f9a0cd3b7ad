// copy: elements from one layout to another. Type A is the type of both sides.
// Package launch has arranged that neighbours in Dst stand in a row, if
// anywhere. If neighbours in Src stand in a column, squares of elements are
// turned in shared memory, so that reads and writes are of neighbours.
#define SIDE 32 // of a square
#define PASS 8  // rows of a square that a block moves at a time

// Copying is the parameter, in the layout of package launch.
struct Copying {
  const ElementA* src;
  ElementA* dst;
  CopyArguments args;
};

extern "C" __global__ void __launch_bounds__(SIDE * PASS) copy(const GRID_CONSTANT Copying p) {
  __shared__ ElementA square[SIDE][SIDE + 1];
  const CopyArguments& args = p.args;
  const uint across = (args.cols + SIDE - 1) / SIDE;
  const uint i = blockIdx.x / across * SIDE, j = blockIdx.x % across * SIDE, batch = blockIdx.z;
  const uint x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
  const bool turned = args.src.row < args.src.col;
  for (uint pass = y; pass < SIDE; pass += PASS) {
    uint row = i + (turned ? x : pass), col = j + (turned ? pass : x);
    if (row < args.rows && col < args.cols) {
      ElementA v = p.src[at(args.src, batch, row, col)];
      if (turned) {
        square[pass][x] = v;
      } else {
        p.dst[at(args.dst, batch, row, col)] = v;
      }
    }
  }
  if (!turned) { // so for all threads
    return;
  }
  __syncthreads();
  for (uint pass = y; pass < SIDE; pass += PASS) {
    uint row = i + pass, col = j + x;
    if (row < args.rows && col < args.cols) {
      p.dst[at(args.dst, batch, row, col)] = square[x][pass];
    }
  }
}
