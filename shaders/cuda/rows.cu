// The rows of a softmax: where they lie, four columns of one at a time, and
// what the threads of a row know of it together. A thread has the same columns
// whatever the layout, so that bits do not depend on it.

// Softmax is the parameter, in the layout of package launch.
struct Softmax {
  const ElementA* x;
  ElementC* y;
  const RowRun* runs;
  SoftmaxArguments args;
  RowRun only;
};

struct Vector {
  float e[4];
};

// Row is one row. Its thread reads what it later writes, so Y may be X.
struct Row {
  const ElementA* x; // column 0
  ElementC* y;
  long x_step, y_step; // from column to column
  bool x_fours, y_fours; // four columns may be read or written at once
  uint cols, attended; // attended <= cols
};

// rowAt returns row r of all matrices, one without columns after the last.
INLINE Row rowAt(const Softmax& p, uint r) {
  const SoftmaxArguments& args = p.args;
  bool exists = r < args.rows * args.batches;
  r = exists ? r : 0;
  const RowRun run = args.runs == 1 ? p.only : p.runs[runOf(p.runs, args.runs, r)];
  long limit = run.limit + long(r - run.first) * run.step;
  Row row;
  row.x = p.x + at(args.x, r / args.rows, r % args.rows, 0);
  row.y = p.y + at(args.y, r / args.rows, r % args.rows, 0);
  row.x_step = args.x.col;
  row.y_step = args.y.col;
  row.x_fours = args.x.col == 1 && (size_t)row.x % (4 * sizeof(ElementA)) == 0;
  row.y_fours = args.y.col == 1 && (size_t)row.y % (4 * sizeof(ElementC)) == 0;
  row.cols = exists ? run.cols : 0;
  row.attended = limit <= 0 ? 0 : limit < long(row.cols) ? uint(limit) : row.cols;
  return row;
}

INLINE Vector loadVector(const float* p) {
  float4 v = *(const float4*)p;
  return Vector{{v.x, v.y, v.z, v.w}};
}
template <typename Short> INLINE Vector loadVector(const Short* p) {
  uint2 v = *(const uint2*)p;
  return Vector{{widen(Short{ushort(v.x)}), widen(Short{ushort(v.x >> 16)}),
                 widen(Short{ushort(v.y)}), widen(Short{ushort(v.y >> 16)})}};
}

INLINE void storeVector(float* p, const Vector& v) {
  float4 all;
  all.x = v.e[0], all.y = v.e[1], all.z = v.e[2], all.w = v.e[3];
  *(float4*)p = all;
}
template <typename Short> INLINE void storeVector(Short* p, const Vector& v) {
  uint2 all;
  all.x = narrow<Short>(v.e[0]).bits | uint(narrow<Short>(v.e[1]).bits) << 16;
  all.y = narrow<Short>(v.e[2]).bits | uint(narrow<Short>(v.e[3]).bits) << 16;
  *(uint2*)p = all;
}

// readFour returns columns c to c+3. Those that the row does not attend to
// count nothing: they are the least, and e to their power is 0.
INLINE Vector readFour(const Row& row, uint c) {
  if (row.x_fours && c + 4 <= row.attended) {
    return loadVector(row.x + c);
  }
  Vector v;
  UNROLL for (uint k = 0; k < 4; k++) {
    v.e[k] = c + k < row.attended ? widen(row.x[long(c + k) * row.x_step]) : -INFINITE;
  }
  return v;
}

// writeFour stores columns c to c+3 as far as the row has them: 0 where it does
// not attend, even if v is NaN there.
INLINE void writeFour(const Row& row, uint c, Vector v) {
  UNROLL for (uint k = 0; k < 4; k++) {
    v.e[k] = c + k < row.attended ? v.e[k] : 0.0f;
  }
  if (row.y_fours && c + 4 <= row.cols) {
    storeVector(row.y + c, v);
    return;
  }
  UNROLL for (uint k = 0; k < 4; k++) {
    if (c + k < row.cols) {
      row.y[long(c + k) * row.y_step] = narrow<ElementC>(v.e[k]);
    }
  }
}

struct Max {
  // of passes over NaN in b; it shows up in the sum.
  static __device__ __forceinline__ float of(float a, float b) { return b > a ? b : a; }
};
struct Sum {
  static __device__ __forceinline__ float of(float a, float b) { return a + b; }
};

INLINE float sumOf(const float* v) { return (v[0] + v[1]) + (v[2] + v[3]); }

// Team is the threads of a row: whole warps, a power of two of them. A block
// has blockDim.y teams.
struct Team {
  uint index, size; // of this thread, of the team
  uint first;       // warp of the block
};

INLINE Team team() { return Team{threadIdx.x, blockDim.x, threadIdx.y * (blockDim.x / 32)}; }

// joined returns what all values of a team make together. All threads of the
// block call it, with memory that nothing else uses.
template <typename Join> INLINE float joined(Team team, float value, float none, float* memory) {
  UNROLL for (uint distance = 16; distance > 0; distance /= 2) {
    value = Join::of(value, fromNeighbour(value, distance));
  }
  if (team.size == 32) {
    return value;
  }
  uint lane = team.index % 32;
  if (lane == 0) {
    memory[team.first + team.index / 32] = value;
  }
  __syncthreads();
  value = lane < team.size / 32 ? memory[team.first + lane] : none;
  UNROLL for (uint distance = 16; distance > 0; distance /= 2) {
    value = Join::of(value, fromNeighbour(value, distance));
  }
  return value;
}
