// One tile of C in strands as strands.cu has them, eight for a sum: a warp has a
// strand of all elements of the tile. Tiles of A and B pass through shared
// memory as f32, Depth k at a time, some ahead of their use.

// StrandTile is a tile of 8*Down x 4*Right. A thread has rows that are eight
// apart and columns that are four apart.
template <uint Down, uint Right, uint Stages, uint Depth> struct StrandTile {
  enum : uint { height = 8 * Down, width = 4 * Right, length = 16 / sizeof(ElementA) };
  enum : uint { pitch = Depth + line_padding, stage = (height + width) * pitch }; // of lines in shared memory
  enum : uint { out = width + 1, all = height * out };                            // of sums

  Fetcher<ElementA, height, Depth, STRAND_THREADS> rows;
  Fetcher<ElementB, width, Depth, STRAND_THREADS> cols;
  float* tiles;

  __device__ __forceinline__ void begin(const Product& p, uint batch, uint i, uint j, float* memory) {
    rows.begin(p.a + at(p.args.a, batch, i, 0), p.args.a.row, p.args.a.col, p.args.m - i);
    cols.begin(p.b + at(p.args.b, batch, 0, j), p.args.b.col, p.args.b.row, p.args.n - j);
    tiles = memory;
  }

  __device__ __forceinline__ void fetch(uint t, const Stretch& of) const {
    float* there = tiles + t % Stages * stage;
    rows.fetch(there, of.first + t * Depth, of.end);
    cols.fetch(there + height * pitch, of.first + t * Depth, of.end);
  }

  // add adds a tile's products.
  __device__ __forceinline__ void add(float (*sums)[Right], uint t, const Stretch& of) const {
    const uint lane = threadIdx.x % 32, strand = threadIdx.x / 32;
    const float* a = tiles + t % Stages * stage + lane / 4 * pitch;
    const float* b = tiles + t % Stages * stage + (height + lane % 4) * pitch;
    if (of.first + (t + 1) * Depth <= of.end) {
      UNROLL for (uint piece = 0; piece < Depth / STRANDS; piece += length) {
        UNROLL for (uint e = 0; e < length; e += 4) {
          const uint k = piece * STRANDS + strand * length + e;
          addFour<Down, Right, pitch>(sums, a + k, b + k);
        }
      }
      return;
    }
    _Pragma("unroll 1") for (uint k = strand * length; k < Depth && of.first + t * Depth + k < of.end; k += STRANDS * length) {
      UNROLL for (uint e = 0; e < length; e += 4) {
        addFour<Down, Right, pitch>(sums, a + k + e, b + k + e);
      }
    }
  }

  // fetchAndAdd adds the products of a stretch.
  __device__ __forceinline__ void fetchAndAdd(float (*sums)[Right], uint count, const Stretch& of) const {
    UNROLL for (uint t = 0; t < Stages - 1; t++) {
      if (t < count) {
        fetch(t, of);
      }
      asm volatile("cp.async.commit_group;" ::: "memory");
    }
    for (uint t = 0; t < count; t++) {
      asm volatile("cp.async.wait_group %0;" ::"n"(Stages - 2) : "memory");
      __syncthreads(); // this tile is there; the one before was used
      if (t + Stages - 1 < count) {
        fetch(t + Stages - 1, of);
      }
      asm volatile("cp.async.commit_group;" ::: "memory");
      add(sums, t, of);
    }
  }

  // put leaves a thread's sums in shared memory.
  __device__ __forceinline__ void put(const float (*sums)[Right]) const {
    const uint lane = threadIdx.x % 32, strand = threadIdx.x / 32;
    UNROLL for (uint r = 0; r < Down; r++) {
      UNROLL for (uint c = 0; c < Right; c++) {
        tiles[strand * all + (lane / 4 + 8 * r) * out + lane % 4 + 4 * c] = sums[r][c];
      }
    }
  }

  // sum leaves the sums of a stretch in shared memory, those of each strand.
  __device__ __forceinline__ void sum(const Stretch& of) const {
    float sums[Down][Right] = {};
    fetchAndAdd(sums, (of.end - of.first + Depth - 1) / Depth, of);
    __syncthreads(); // all tiles were used
    put(sums);
    __syncthreads();
  }

  // joined adds the strands' sums in pairs of neighbours, and so on.
  static __device__ __forceinline__ float joined(const float* s) {
    return ((s[0] + s[all]) + (s[2 * all] + s[3 * all])) + ((s[4 * all] + s[5 * all]) + (s[6 * all] + s[7 * all]));
  }
};

// Spot is an element of a tile, by its number: neighbours in C are neighbours.
template <uint Height, uint Width> struct Spot {
  uint r, c;
  __device__ __forceinline__ Spot(uint e, bool steep) : r(steep ? e % Height : e / Width), c(steep ? e / Height : e % Width) {}
};
