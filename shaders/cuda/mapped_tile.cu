// Wide tiles of products of f32 on Hopper, in strands as strands.cu has them: a warp
// has a strand of all elements of the tile. The bulk copy engine brings A; four
// warps bring B and turn it on the way, so that neighbouring columns follow each other.
// Neighbours of both lie along K. With B like that, and two columns of a
// thread's sums changed over, a sum and its fresh factor come from different banks of
// registers, see panels.cu.
#if TYPE_A == TYPE_F32 && TYPE_B == TYPE_F32

#define MAPPED_TILES
#define CARRIER_THREADS 128

// MappedTile is a tile of 8*Down x 4*Right. A thread has rows that are eight apart,
// and columns in fours that are 16 apart. Two boxes of 32 k of all rows come at a time,
// swizzled: of eight lines below each other the pieces of one k are in different
// banks. K must be a multiple of 64.
template <uint Down, uint Right, uint Stages> struct MappedTile {
  enum : uint { threads = STRAND_THREADS + CARRIER_THREADS };
  enum : uint { height = 8 * Down, width = 4 * Right, boxes = 2, deep = 32 * boxes, pitch = width + 4 };
  enum : uint { box = height * 128, rows_bytes = boxes * box, cols_bytes = deep * pitch * 4 };
  enum : uint { part = 32, sums = height * part }; // columns that are joined at a time; a strand's sums of them
  // What is where in shared memory, in bytes from the first multiple of 1024 on: rows
  // of A, columns of B, sums, and barriers: A is there.
  enum : uint { cols = Stages * rows_bytes, exchange = cols + Stages * cols_bytes, full = exchange + STRANDS * sums * 4 };
  static_assert(width % part == 0 && sums / 4 % 32 == 0, "parts are whole");

  char* shared;
  uint memory;
  Ring<Stages> ring;
  uint fetched = 0, passed = 0; // steps that carriers fetched, and those of a tile that they saw used

  __device__ __forceinline__ void begin(const Mapped& m, char* unaligned) {
    shared = unaligned + (-addressOf(unaligned) & 1023);
    memory = addressOf(shared);
    if (threadIdx.x == STRAND_THREADS) { // who needs it soon
      asm volatile("prefetch.tensormap [%0];" ::"l"(&m.a) : "memory");
    }
    if (threadIdx.x == 0) {
      UNROLL for (uint s = 0; s < Stages; s++) {
        initBarrier(memory + full + 8 * s, 1);
      }
      asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    __syncthreads();
  }

  // carry brings a stretch of the lines from a place on. A warp copies eight k of four
  // columns at a time; columns past the last are the last one: what they give is not
  // stored.
  __device__ __forceinline__ void carry(const Mapped& m, const Place& place, const Stretch& of) {
    enum : uint { apart = CARRIER_THREADS / 8 };
    const MatmulArguments& args = m.product.args;
    const uint thread = threadIdx.x - STRAND_THREADS, first = thread % 8, line = thread / 8, z = args.a.batch ? place.batch : 0;
    const float* from[width / apart];
    UNROLL for (uint l = 0; l < width / apart; l++) {
      from[l] = m.product.b + at(args.b, place.batch, first, least(place.j + line + l * apart, args.n - 1));
    }
    ROLLED for (uint k = of.first; k < of.end; k += deep, ring.next()) {
      const uint there = memory + full + 8 * ring.stage;
      float* to = (float*)(shared + cols + ring.stage * cols_bytes) + first * pitch + line;
      if (fetched++ >= Stages - 1) {
        asm volatile("cp.async.wait_group %0;" ::"n"(Stages - 2) : "memory");
        pass(of);
      }
      if (thread == 0) {
        arriveExpecting(there, rows_bytes);
        UNROLL for (uint b = 0; b < boxes; b++) { // the map's elements are halves of these
          bulkCopy(memory + ring.stage * rows_bytes + b * box, m.a, there, 2 * (k + 32 * b), place.i, z);
        }
      }
      UNROLL for (uint l = 0; l < width / apart; l++) {
        const float* source = from[l] + k;
        UNROLL for (uint e = 0; e < deep; e += 8) {
          copyOne(to + e * pitch + l * apart, source + e, true);
        }
      }
      asm volatile("cp.async.commit_group;" ::: "memory");
    }
  }

  // carried ends what carriers do: the last steps are there.
  __device__ __forceinline__ void carried(const Stretch& of) {
    asm volatile("cp.async.wait_all;" ::: "memory");
    for (uint left = least(fetched, Stages - 1); left > 0; left--) {
      pass(of);
    }
  }

  // pass is a carrier's part in a step, and after a tile's last one in joining it.
  // Meanwhile it has the next tile's first steps on their way.
  __device__ __forceinline__ void pass(const Stretch& of) {
    allThreads();
    if (++passed * deep >= of.end - of.first) {
      passed = 0;
      passJoining();
    }
  }
  static __device__ __forceinline__ void passJoining() {
    UNROLL for (uint first = 0; first < width; first += part) {
      allThreads();
      allThreads();
    }
  }

  // allThreads come together for each step of K: B's part of it is there, and the one
  // before was used; for A, which the carriers do not wait for, there is a barrier that
  // waits for bytes. And twice for each part of a tile that is joined. Barriers for
  // some of the threads would do for this, but compute-sanitizer does not follow them.
  static __device__ __forceinline__ void allThreads() { asm volatile("bar.sync 0;" ::: "memory"); }

  // multiply adds the products of a stretch to the warp's sums.
  __device__ __forceinline__ void multiply(float (*to)[Right], const Stretch& of) {
    const uint lane = threadIdx.x % 32, strand = threadIdx.x / 32;
    const char* rows_of = shared + lane / 4 * 128 + (strand ^ lane / 4) * 16;
    const char* cols_of = shared + cols + (strand * 4 * pitch + lane % 4 * 4) * 4;
    ROLLED for (uint k = of.first; k < of.end; k += deep, ring.next()) {
      allThreads();
      waitFor(memory + full + 8 * ring.stage, ring.parity);
      UNROLL for (uint b = 0; b < boxes; b++) {
        addPiece(to, rows_of + ring.stage * rows_bytes + b * box, (const float*)(cols_of + ring.stage * cols_bytes) + b * 32 * pitch);
      }
    }
  }

  // addPiece goes to and fro, so that each multiply-add shares a factor with the one
  // before.
  static __device__ __forceinline__ void addPiece(float (*to)[Right], const char* rows, const float* cols) {
    float x[Down][4];
    UNROLL for (uint r = 0; r < Down; r++) {
      load16((const float*)(rows + r * 1024), x[r]);
    }
    UNROLL for (uint k = 0; k < 4; k++) {
      float y[Right];
      UNROLL for (uint c = 0; c < Right; c += 4) {
        load16(cols + k * pitch + c * 4, y + c);
      }
      UNROLL for (uint r = 0; r < Down; r++) {
        UNROLL for (uint s = 0; s < Right; s++) {
          const uint c = r % 2 ? Right - 1 - s : s;
          to[r][c] = fmaf(x[r][k], y[c], to[r][c]);
        }
      }
    }
  }

  // four is where in the exchange four columns of a row are: off the banks of the
  // rows about it.
  __device__ __forceinline__ float4* four(uint strand, uint row, uint fours) const {
    return (float4*)(shared + exchange) + strand * (sums / 4) + row * (part / 4) + (fours ^ (row % 2 * 4 + row / 2 % 4));
  }

  // stretchSums is where four columns of a row of a stretch's sums are, once all tiles
  // were used: likewise.
  __device__ __forceinline__ float4* stretchSums(uint row, uint fours) const {
    static_assert(height * width * 4 <= uint(cols), "there is room for them");
    return (float4*)shared + row * (width / 4) + (fours ^ row % 8);
  }

  // put leaves a thread's sums of some columns in the exchange, two and two changed
  // over.
  __device__ __forceinline__ void put(const float (*from)[Right], uint first) const {
    const uint lane = threadIdx.x % 32, strand = threadIdx.x / 32;
    UNROLL for (uint r = 0; r < Down; r++) {
      UNROLL for (uint c = 0; c < part / 4; c += 4) {
        const float* s = &from[r][first / 4 + c];
        *four(strand, lane / 4 + 8 * r, lane % 4 + c) = float4{s[1], s[0], s[3], s[2]};
      }
    }
  }

  // joined adds the strands' sums in pairs of neighbours, and so on.
  __device__ __forceinline__ float4 joined(uint row, uint fours) const {
    float4 s[STRANDS];
    UNROLL for (uint n = 0; n < STRANDS; n++) {
      s[n] = *four(n, row, fours);
    }
    UNROLL for (uint apart = 1; apart < STRANDS; apart *= 2) {
      UNROLL for (uint n = 0; n < STRANDS; n += 2 * apart) {
        const float4 &a = s[n], &b = s[n + apart];
        s[n] = float4{a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
      }
    }
    return float4{s[0].y, s[0].x, s[0].w, s[0].z};
  }
};

#endif
