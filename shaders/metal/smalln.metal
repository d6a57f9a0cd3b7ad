// matmul_smalln_n1 to n16: a threadgroup computes some rows of as many columns
// as its bucket has, 16 strands an element, and reads A once for all of them.
// The columns of B pass through threadgroup memory, a stretch of K at a time.
// A is contiguous along K: half a SIMD group has a few rows, a lane a strand of
// each, so that its loads are of 256 neighbouring bytes. A is contiguous along
// M: a lane has a row, a SIMD group four of its strands.
#define STRANDS 16
#define SIMD_GROUPS 4
#define THREADS (SIMD_GROUPS * 32)

// When A is contiguous along M:
#define SHARE (STRANDS / SIMD_GROUPS) // strands of a SIMD group
#define TRANSPOSED_ROWS 32            // of a threadgroup

// Bucket holds the sizes for N columns. Registers bound the rows of a lane from
// above, reading B for too few rows at a time from below.
template <uint N> struct Bucket {
  enum : uint {
    rows = N >= 8 ? 4 : 2,              // of a lane
    depth = N >= 8 ? 256 : 2048 / N,    // of a stretch of K; a multiple of all strands' pieces
    pitch = depth / 4 + 1,              // from column to column, in fours
    memory = N * pitch,                 // in fours
    all_rows = rows * 2 * SIMD_GROUPS,  // of a threadgroup
  };
};

// Task is what a threadgroup does, and the thread's part in it.
struct Task {
  device const ElementA* a;
  device const ElementB* b;
  device ElementC* c;
  constant MatmulArguments* args;
  device const ColumnRun* runs;
  device const Matrix* biases;
  device const ElementC* bias;
  uint batch, first_row, first_column;
  uint simd_group, lane;

  uint thread_index() const thread { return simd_group * 32 + lane; }

  // store finishes the element of a row and a column of the threadgroup, if C
  // has it.
  void store(uint row, uint column, float sum) const thread {
    if (first_row + row < args->m && first_column + column < args->n) {
      finish(c, *args, runs, biases, bias, batch, first_row + row, first_column + column, sum);
    }
  }
};

// placeOf returns where the four at an index along K is in a column in
// threadgroup memory: those that all strands read at a time are neighbours.
inline uint placeOf(uint four) {
  constexpr uint fours = Piece<ElementA>::fours;
  uint strand = four / fours % STRANDS;
  return four - four % (STRANDS * fours) + four % fours * STRANDS + strand;
}

// stageFours brings fours of a stretch of the columns to threadgroup memory. Each
// column is the work of Across threads, this one's place among which is four. It
// begins with column n. Columns past the last are the last one.
template <uint N, uint Across>
inline void stageFours(thread const Task& t, threadgroup float4* columns, uint n, uint four, uint first, uint end) {
  constexpr uint depth = Bucket<N>::depth, a_column = depth / 4 / Across, all = N * depth / 4 / THREADS;
  const long stride = t.args->b.row;
  UNROLL for (uint done = 0; done < all; done += 4) { // that many reads are under way at a time
    uint column[4], k[4];
    long place[4], places = 0;
    UNROLL for (uint v = 0; v < 4; v++) {
      column[v] = n + (done + v) / a_column * (THREADS / Across);
      k[v] = (four + (done + v) % a_column * Across) * 4;
      place[v] = at(t.args->b, t.batch, first + k[v], min(t.first_column + column[v], t.args->n - 1));
      places |= place[v];
    }
    float4 x[4];
    if (stride == 1 && places % 4 == 0 && end - first >= depth) {
      UNROLL for (uint v = 0; v < 4; v++) {
        x[v] = load4(t.b + place[v]);
      }
    } else {
      UNROLL for (uint v = 0; v < 4; v++) {
        x[v] = gather4(t.b + place[v], stride, first + k[v] < end ? end - first - k[v] : 0);
      }
    }
    UNROLL for (uint v = 0; v < 4; v++) {
      columns[column[v] * Bucket<N>::pitch + placeOf(k[v] / 4)] = x[v];
    }
  }
}

// stage brings a stretch of the columns to threadgroup memory. Neighbouring
// threads read along the direction in which B is contiguous.
template <uint N> inline void stage(thread const Task& t, threadgroup float4* columns, uint first, uint end) {
  constexpr uint fours = Bucket<N>::depth / 4, along_k = fours < THREADS ? fours : THREADS, along_n = THREADS / N;
  uint i = t.thread_index();
  if (t.args->b.row == 1) {
    stageFours<N, along_k>(t, columns, i / along_k, i % along_k, first, end);
  } else {
    stageFours<N, along_n>(t, columns, i % N, i / N, first, end);
  }
}

// multiply adds the products of a piece of some rows with all columns. The
// columns start at the strand's first four.
template <uint N, uint Count>
inline void multiply(thread float (*sums)[N], thread const Piece<ElementA>* pieces, threadgroup const float4* columns) {
  UNROLL for (uint f = 0; f < Piece<ElementA>::fours; f++) {
    UNROLL for (uint n = 0; n < N; n++) {
      float4 x = columns[n * Bucket<N>::pitch + f * STRANDS];
      UNROLL for (uint r = 0; r < Count; r++) {
        sums[r][n] = add(pieces[r].x[f], x, sums[r][n]);
      }
    }
  }
}

// multiplyRows adds up a strand of each of the lane's rows.
template <uint N>
inline void multiplyRows(thread const Task& t, threadgroup float4* columns, uint row, thread float (*sums)[N]) {
  constexpr uint length = Piece<ElementA>::length, rows_of_lane = Bucket<N>::rows;
  Rows<rows_of_lane> rows = rowsAt<rows_of_lane>(t.a, *t.args, t.batch, t.first_row + row);
  uint strand = t.lane % STRANDS;
  for (uint first = 0; first < t.args->k; first += Bucket<N>::depth) {
    threadgroup_barrier(mem_flags::mem_threadgroup); // the stretch before was used
    stage<N>(t, columns, first, t.args->k);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint end = min(uint(Bucket<N>::depth), t.args->k - first);
    for (uint k = strand * length; k < end; k += STRANDS * length) {
      Piece<ElementA> pieces[rows_of_lane];
      read(pieces, rows, first + k, first + end);
      multiply<N, rows_of_lane>(sums, pieces, columns + placeOf(k / 4));
    }
  }
}

// multiplyShare adds up the SIMD group's strands of the lane's row.
template <uint N>
inline void multiplyShare(thread const Task& t, threadgroup float4* columns, thread float (*sums)[N]) {
  constexpr uint length = Piece<ElementA>::length;
  Rows<1> row = rowsAt<1>(t.a, *t.args, t.batch, t.first_row + t.lane);
  for (uint first = 0; first < t.args->k; first += Bucket<N>::depth) {
    threadgroup_barrier(mem_flags::mem_threadgroup); // the stretch before was used
    stage<N>(t, columns, first, t.args->k);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint end = min(uint(Bucket<N>::depth), t.args->k - first);
    for (uint share = t.simd_group * SHARE * length; share < end; share += STRANDS * length) {
      UNROLL for (uint s = 0; s < SHARE; s++) {
        uint k = share + s * length;
        if (k < end) {
          Piece<ElementA> piece;
          read(&piece, row, first + k, first + end);
          multiply<N, 1>(sums + s, &piece, columns + placeOf(k / 4));
        }
      }
    }
  }
}

// reduceAcross adds the lanes' strands and stores, with shuffles: each lane
// finishes every 16th of the half SIMD group's elements.
template <uint N> inline void reduceAcross(thread const Task& t, uint row, thread float (*sums)[N]) {
  constexpr uint rows = Bucket<N>::rows, values = rows * N < STRANDS ? rows * N : STRANDS;
  uint strand = t.lane % STRANDS;
  UNROLL for (uint first = 0; first < rows * N; first += values) {
    float some[values];
    UNROLL for (uint v = 0; v < values; v++) {
      some[v] = sums[(first + v) % rows][(first + v) / rows];
    }
    float sum = treeAcross<STRANDS, values>(some, strand);
    if (strand < values) {
      t.store(row + strand % rows, (first + strand) / rows, sum);
    }
  }
}

// reduceInMemory does the same without shuffles, column by column.
template <uint N>
inline void reduceInMemory(thread const Task& t, uint row, thread float (*sums)[N], threadgroup float* memory) {
  constexpr uint pitch = Bucket<N>::all_rows + 1;
  uint mine = t.thread_index();
  UNROLL for (uint n = 0; n < N; n++) {
    threadgroup_barrier(mem_flags::mem_threadgroup); // what the memory held was used
    UNROLL for (uint r = 0; r < Bucket<N>::rows; r++) {
      memory[t.lane % STRANDS * pitch + row + r] = sums[r][n];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (mine < Bucket<N>::all_rows) {
      float strands[STRANDS];
      UNROLL for (uint s = 0; s < STRANDS; s++) {
        strands[s] = memory[s * pitch + mine];
      }
      t.store(mine, n, tree<STRANDS>(strands));
    }
  }
}

// reduceShares adds the SIMD groups' strands and stores.
template <uint N>
inline void reduceShares(thread const Task& t, thread float (*sums)[N], threadgroup float* memory) {
  threadgroup_barrier(mem_flags::mem_threadgroup); // the last stretch was used
  UNROLL for (uint n = 0; n < N; n++) {
    float strands[SHARE];
    UNROLL for (uint s = 0; s < SHARE; s++) {
      strands[s] = sums[s][n];
    }
    memory[(n * SIMD_GROUPS + t.simd_group) * TRANSPOSED_ROWS + t.lane] = tree<SHARE>(strands);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint n = t.simd_group; n < N; n += SIMD_GROUPS) {
    float shares[SIMD_GROUPS];
    UNROLL for (uint g = 0; g < SIMD_GROUPS; g++) {
      shares[g] = memory[(n * SIMD_GROUPS + g) * TRANSPOSED_ROWS + t.lane];
    }
    t.store(t.lane, n, tree<SIMD_GROUPS>(shares));
  }
}

template <uint N> inline void smalln(thread const Task& t, threadgroup float4* columns) {
  if (trans_a) {
    float sums[SHARE][N] = {};
    multiplyShare<N>(t, columns, sums);
    reduceShares<N>(t, sums, (threadgroup float*)columns);
    return;
  }
  uint row = (t.simd_group * 2 + t.lane / STRANDS) * Bucket<N>::rows; // the lane's first
  float sums[Bucket<N>::rows][N] = {};
  multiplyRows<N>(t, columns, row, sums);
  if (simd_reduction) {
    reduceAcross<N>(t, row, sums);
  } else {
    reduceInMemory<N>(t, row, sums, (threadgroup float*)columns);
  }
}

#define SMALLN(N)                                                                                          \
  [[max_total_threads_per_threadgroup(THREADS)]]                                                           \
  kernel void matmul_smalln_n##N(                                                                          \
      device const ElementA* a [[buffer(0)]], device const ElementB* b [[buffer(1)]],                      \
      device ElementC* c [[buffer(2)]], constant MatmulArguments& args [[buffer(3)]],                      \
      device const ColumnRun* runs [[buffer(4)]], device const Matrix* biases [[buffer(5)]],               \
      device const ElementC* bias [[buffer(6)]], uint3 group [[threadgroup_position_in_grid]],             \
      uint simd_group [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {       \
    threadgroup float4 columns[Bucket<N>::memory];                                                         \
    uint rows = trans_a ? uint(TRANSPOSED_ROWS) : uint(Bucket<N>::all_rows);                               \
    Task task{a, b, c, &args, runs, biases, bias, group.z, group.x * rows, group.y * N, simd_group, lane}; \
    smalln<N>(task, columns);                                                                              \
  }

SMALLN(1)
SMALLN(2)
SMALLN(4)
SMALLN(8)
SMALLN(16)
