// Tiles of a long K on GPUs with clusters, whose blocks have a stretch each.
#define IN_CLUSTERS

// loadFrom reads what a block of the cluster has at the place that this one has
// in its shared memory.
INLINE float loadFrom(const float* place, uint block) {
  uint there;
  float x;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(uint(__cvta_generic_to_shared(place))), "r"(block));
  asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(x) : "r"(there) : "memory");
  return x;
}

// strandClusters computes a tile for each cluster; a block stores a share.
template <uint Down, uint Right, uint Stages, uint Depth> INLINE void strandClusters(const Product& p) {
  using Tile = StrandTile<Down, Right, Stages, Depth>;
  enum : uint { share = Tile::height * Tile::width / long_stretches };
  extern __shared__ __align__(16) float tiles[];
  const uint across = (p.args.n + Tile::width - 1) / Tile::width, batch = blockIdx.z;
  const uint number = blockIdx.x / long_stretches, part = blockIdx.x % long_stretches;
  const uint i = number / across * Tile::height, j = number % across * Tile::width;
  const bool steep = p.args.c.row < p.args.c.col;
  Tile tile;
  tile.begin(p, batch, i, j, tiles);
  tile.sum(stretchOf(p.args.k, long_stretches, part));
  for (uint e = threadIdx.x; e < Tile::height * Tile::width; e += STRAND_THREADS) {
    float* sums = tiles + e / Tile::width * Tile::out + e % Tile::width;
    *sums = Tile::joined(sums);
  }
  clusterBarrier();
  for (uint e = part * share + threadIdx.x; e < (part + 1) * share; e += STRAND_THREADS) {
    const Spot<Tile::height, Tile::width> at(e, steep);
    if (i + at.r < p.args.m && j + at.c < p.args.n) {
      float sums[long_stretches];
      UNROLL for (uint s = 0; s < long_stretches; s++) {
        sums[s] = loadFrom(tiles + at.r * Tile::out + at.c, s);
      }
      UNROLL for (uint s = 1; s < long_stretches; s++) {
        sums[0] += sums[s];
      }
      p.finish(p.run(j + at.c), batch, i + at.r, j + at.c, sums[0]);
    }
  }
  clusterBarrier(); // nobody reads this block's sums any more
}
