// How the small-N kernels on multiply-adds cut K, eight strands for a sum; and
// what computes one or two columns.
#define STRANDS 8
#define STRAND_THREADS (STRANDS * 32)

// Stretches of a sum: one, or for a long K as many as a cluster may have blocks.
// They begin at multiples of 64 k.
enum : uint { long_k = 4096, long_stretches = 8 };

INLINE uint stretchesOf(uint k) { return k > long_k ? uint(long_stretches) : 1; }

// stretchOf returns one of count.
INLINE Stretch stretchOf(uint k, uint count, uint number) {
  const uint length = count == 1 ? k : (k + 64 * count - 1) / (64 * count) * 64;
  const uint first = least(number * length, k);
  return Stretch{first, least(first + length, k), 0};
}

// lineStretches computes Cols columns of a row with a long K, with eight lanes
// for each stretch.
template <uint Cols, uint Ahead> INLINE void lineStretches(const Product& p) {
  enum : uint { groups = STRAND_THREADS / STRANDS, in_warp = 32 / STRANDS };
  __shared__ float parts[groups][Cols];
  const uint group = threadIdx.x / STRANDS, lane = threadIdx.x % STRANDS, part = group % long_stretches;
  const Place at = placeOf(p.args, groups / long_stretches, Cols);
  const uint row = at.i + group / long_stretches, column = at.j + lane;
  const Stretch shortest = stretchOf(p.args.k, long_stretches, part | (in_warp - 1)); // the last of the warp's
  Stretch of = stretchOf(p.args.k, long_stretches, part);
  of.sure = shortest.end - shortest.first;
  float sums[Cols] = {};
  sumStretch<STRANDS, 1, Cols, Ahead>(sums, p, at.batch, row, at.j, lane, of);
  float sum = treeAcross<STRANDS, Cols>(sums, lane);
  if (lane < Cols) {
    parts[group][lane] = sum;
  }
  __syncthreads();
  if (lane < Cols && part == 0 && row < p.args.m && column < p.args.n) {
    UNROLL for (uint next = 1; next < long_stretches; next++) {
      sum += parts[group + next][lane];
    }
    p.finish(p.run(column), at.batch, row, column, sum);
  }
}
