// matmul_gemv: C column by column, 32 strands an element. A is contiguous along
// K: a SIMD group has four rows, a lane a strand of each, so that its loads are
// of 512 neighbouring bytes. A is contiguous along M: a lane has a row, a SIMD
// group four of its strands, so that the lanes read neighbours.
#define STRANDS 32
#define ROWS 4        // of a SIMD group
#define SIMD_GROUPS 4 // of a threadgroup

// When A is contiguous along M:
#define TRANSPOSED_ROWS 32                  // of a threadgroup
#define SHARE 4                             // strands of a thread
#define TRANSPOSED_GROUPS (STRANDS / SHARE) // SIMD groups of a threadgroup

// Vector is the product of A with a column of B.
struct Vector {
  device const ElementA* a;
  device const ElementB* b;
  uint batch, column;
};

// fetch reads the pieces of some rows and of the column that start at k.
template <uint Count>
inline void fetch(thread Piece<ElementA>* pieces, thread float4* x, thread const Rows<Count>& rows,
                  thread const Column& column, uint k, uint end) {
  constexpr uint length = Piece<ElementA>::length, fours = Piece<ElementA>::fours;
  if (rows.aligned && column.aligned && end - k >= length) { // all reads are under way at a time
    UNROLL for (uint r = 0; r < Count; r++) {
      pieces[r] = load(rows.row[r] + k);
    }
    UNROLL for (uint f = 0; f < fours; f++) {
      x[f] = load4(column.first + k + f * 4);
    }
  } else {
    read(pieces, rows, k, end);
    UNROLL for (uint f = 0; f < fours; f++) {
      x[f] = read4(column, k + f * 4, end);
    }
  }
}

// multiplyRows returns the product of row lane % ROWS from the first on.
inline float multiplyRows(thread const Vector& v, constant MatmulArguments& args, uint first, uint lane) {
  constexpr uint length = Piece<ElementA>::length;
  Rows<ROWS> rows = rowsAt<ROWS>(v.a, args, v.batch, first);
  Column column = columnAt(v.b, args, v.batch, v.column);
  float sums[ROWS] = {};
  for (uint k = lane * length; k < args.k; k += STRANDS * length) {
    Piece<ElementA> pieces[ROWS];
    float4 x[Piece<ElementA>::fours];
    fetch(pieces, x, rows, column, k, args.k);
    UNROLL for (uint f = 0; f < Piece<ElementA>::fours; f++) {
      UNROLL for (uint r = 0; r < ROWS; r++) {
        sums[r] = add(pieces[r].x[f], x[f], sums[r]);
      }
    }
  }
  return treeAcross<STRANDS, ROWS>(sums, lane);
}

// multiplyShare returns the sum of the strands of a row from strand on.
inline float multiplyShare(thread const Vector& v, constant MatmulArguments& args, uint row, uint strand) {
  constexpr uint length = Piece<ElementA>::length;
  Rows<1> rows = rowsAt<1>(v.a, args, v.batch, row);
  Column column = columnAt(v.b, args, v.batch, v.column);
  float sums[SHARE] = {};
  for (uint first = strand * length; first < args.k; first += STRANDS * length) {
    UNROLL for (uint s = 0; s < SHARE; s++) {
      uint k = first + s * length;
      if (k < args.k) {
        Piece<ElementA> piece;
        float4 x[Piece<ElementA>::fours];
        fetch(&piece, x, rows, column, k, args.k);
        UNROLL for (uint f = 0; f < Piece<ElementA>::fours; f++) {
          sums[s] = add(piece.x[f], x[f], sums[s]);
        }
      }
    }
  }
  return tree<SHARE>(sums);
}

[[max_total_threads_per_threadgroup(TRANSPOSED_GROUPS * 32)]]
kernel void matmul_gemv(device const ElementA* a [[buffer(0)]],
                        device const ElementB* b [[buffer(1)]],
                        device ElementC* c [[buffer(2)]],
                        constant MatmulArguments& args [[buffer(3)]],
                        device const ColumnRun* runs [[buffer(4)]],
                        device const Matrix* biases [[buffer(5)]],
                        device const ElementC* bias [[buffer(6)]],
                        uint3 group [[threadgroup_position_in_grid]],
                        uint simd_group [[simdgroup_index_in_threadgroup]],
                        uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float shares[TRANSPOSED_GROUPS][TRANSPOSED_ROWS];
  Vector v{a, b, group.z, group.y};
  uint row;
  bool mine; // this thread has the finished sum of the row
  float sum;
  if (trans_a) {
    row = group.x * TRANSPOSED_ROWS + lane;
    shares[simd_group][lane] = multiplyShare(v, args, row, simd_group * SHARE);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    float sums[TRANSPOSED_GROUPS];
    UNROLL for (uint g = 0; g < TRANSPOSED_GROUPS; g++) {
      sums[g] = shares[g][lane];
    }
    sum = tree<TRANSPOSED_GROUPS>(sums);
    mine = simd_group == 0;
  } else {
    uint first = (group.x * SIMD_GROUPS + simd_group) * ROWS;
    sum = multiplyRows(v, args, first, lane);
    row = first + lane;
    mine = lane < ROWS;
  }
  if (mine && row < args.m) {
    finish(c, args, runs, biases, bias, group.z, row, group.y, sum);
  }
}
