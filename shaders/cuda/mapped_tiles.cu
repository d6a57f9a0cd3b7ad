// What computes the tiles of mapped_tile.cu: blocks that take one after another, or
// clusters that share the stretches of a long K.
#ifdef MAPPED_TILES

// placeOfTile says where the tile of a number is. Tiles beside each other follow each
// other: they share rows of A.
template <typename Tile> INLINE Place placeOfTile(const MatmulArguments& args, uint number) {
  const uint across = (args.n + Tile::width - 1) / Tile::width, each = (args.m + Tile::height - 1) / Tile::height * across;
  const uint in = number % each;
  return Place{in / across * Tile::height, in % across * Tile::width, number / each};
}

// finishFour stores the sums of four columns of a row.
INLINE void finishFour(const Product& p, const Place& place, uint row, uint column, const float4& sums) {
  const float each[4] = {sums.x, sums.y, sums.z, sums.w};
  const uint i = place.i + row, j = place.j + column;
  if (i >= p.args.m) {
    return;
  }
  ElementC* to = p.c + at(p.args.c, place.batch, i, j);
  UNROLL for (uint c = 0; c < 4; c++, to += p.args.c.col) {
    if (j + c < p.args.n) {
      *to = narrow<ElementC>(p.value(p.run(j + c), place.batch, i, j + c, each[c]));
    }
  }
}

// mappedTiles computes tiles from the block's first on. Of the next one the first steps
// are on their way while the strands are joined.
template <uint Down, uint Right, uint Stages> INLINE void mappedTiles(const Mapped& m) {
  using Tile = MappedTile<Down, Right, Stages>;
  extern __shared__ char unaligned[];
  const Product& p = m.product;
  const Stretch all{0, p.args.k, 0};
  const uint count = ((p.args.m + Tile::height - 1) / Tile::height) * ((p.args.n + Tile::width - 1) / Tile::width) * p.args.batches;
  const bool steep = p.args.c.row < p.args.c.col;
  Tile tile;
  tile.begin(m, unaligned);
  if (threadIdx.x >= STRAND_THREADS) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 56;");
    ROLLED for (uint number = blockIdx.x; number < count; number += gridDim.x) {
      tile.carry(m, placeOfTile<Tile>(p.args, number), all);
    }
    tile.carried(all);
    return;
  }
  asm volatile("setmaxnreg.inc.sync.aligned.u32 216;");
  ROLLED for (uint number = blockIdx.x; number < count; number += gridDim.x) {
    float sums[Down][Right] = {};
    tile.multiply(sums, all);
    const Place place = placeOfTile<Tile>(p.args, number);
    UNROLL for (uint first = 0; first < Tile::width; first += Tile::part) {
      tile.put(sums, first);
      Tile::allThreads(); // this part's sums are there
      for (uint e = threadIdx.x; e < Tile::sums / 4; e += STRAND_THREADS) {
        const Spot<Tile::height, Tile::part / 4> at(e, steep);
        finishFour(p, place, at.r, first + 4 * at.c, tile.joined(at.r, at.c));
      }
      Tile::allThreads(); // the sums were used
    }
  }
}

// mappedClusters computes a tile for each cluster, whose blocks have a stretch each; a
// block stores a share.
template <uint Down, uint Right, uint Stages> INLINE void mappedClusters(const Mapped& m) {
  using Tile = MappedTile<Down, Right, Stages>;
  extern __shared__ char unaligned[];
  const Product& p = m.product;
  const uint stretch = blockIdx.x % long_stretches;
  const Stretch of = stretchOf(p.args.k, long_stretches, stretch);
  const Place place = placeOfTile<Tile>(p.args, blockIdx.x / long_stretches);
  const bool steep = p.args.c.row < p.args.c.col;
  Tile tile;
  tile.begin(m, unaligned);
  if (threadIdx.x >= STRAND_THREADS) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 56;");
    tile.carry(m, place, of);
    tile.carried(of);
    if (of.first == of.end) { // it has sums, too
      Tile::passJoining();
    }
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 216;");
    float sums[Down][Right] = {};
    tile.multiply(sums, of);
    UNROLL for (uint first = 0; first < Tile::width; first += Tile::part) {
      tile.put(sums, first);
      Tile::allThreads();
      for (uint e = threadIdx.x; e < Tile::sums / 4; e += STRAND_THREADS) {
        const Spot<Tile::height, Tile::part / 4> at(e, steep);
        *tile.stretchSums(at.r, first / 4 + at.c) = tile.joined(at.r, at.c);
      }
      Tile::allThreads(); // the sums were used
    }
  }
  clusterBarrier();
  enum : uint { share = Tile::height * Tile::width / 4 / long_stretches };
  for (uint e = stretch * share + threadIdx.x; e < (stretch + 1) * share; e += Tile::threads) {
    const Spot<Tile::height, Tile::width / 4> at(e, steep);
    if (place.i + at.r < p.args.m && place.j + 4 * at.c < p.args.n) {
      const uint there = addressOf(tile.stretchSums(at.r, at.c));
      float4 s[long_stretches];
      UNROLL for (uint n = 0; n < long_stretches; n++) {
        s[n] = loadFrom(there, n);
      }
      UNROLL for (uint n = 1; n < long_stretches; n++) {
        s[0] = float4{s[0].x + s[n].x, s[0].y + s[n].y, s[0].z + s[n].z, s[0].w + s[n].w};
      }
      finishFour(p, place, at.r, 4 * at.c, s[0]);
    }
  }
  clusterBarrier(); // nobody reads this block's sums any more
}

#endif
