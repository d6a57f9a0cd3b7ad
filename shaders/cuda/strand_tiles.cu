// The tiles of C for which a block of threads has all of K: where clusters are for
// a long one, it is short.
#ifdef IN_CLUSTERS
#define STRETCHES(k) 1u
#else
#define STRETCHES(k) stretchesOf(k)
#endif

// strandTiles computes tiles, one stretch after the other. Tiles beside each
// other are neighbours in the grid, so that they share the rows of A.
template <uint Down, uint Right, uint Stages, uint Depth> INLINE void strandTiles(const Product& p) {
  using Tile = StrandTile<Down, Right, Stages, Depth>;
  extern __shared__ __align__(16) float tiles[];
  float totals[(Tile::height * Tile::width + STRAND_THREADS - 1) / STRAND_THREADS]; // of the stretches before
  const uint across = (p.args.n + Tile::width - 1) / Tile::width, batch = blockIdx.z;
  const uint i = blockIdx.x / across * Tile::height, j = blockIdx.x % across * Tile::width;
  const bool steep = p.args.c.row < p.args.c.col;
  const uint count = STRETCHES(p.args.k);
  Tile tile;
  tile.begin(p, batch, i, j, tiles);
  _Pragma("unroll 1") for (uint s = 0; s < count; s++) {
    tile.sum(stretchOf(p.args.k, count, s));
    for (uint e = threadIdx.x; e < Tile::height * Tile::width; e += STRAND_THREADS) {
      const Spot<Tile::height, Tile::width> at(e, steep);
      const float sum = Tile::joined(tiles + at.r * Tile::out + at.c);
      float& before = totals[e / STRAND_THREADS];
      const float total = s == 0 ? sum : before + sum;
      if (s + 1 < count) {
        before = total;
      } else if (i + at.r < p.args.m && j + at.c < p.args.n) {
        p.finish(p.run(j + at.c), batch, i + at.r, j + at.c, total);
      }
    }
    __syncthreads(); // the sums were used
  }
}
