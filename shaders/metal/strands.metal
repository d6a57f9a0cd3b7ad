// How the sums over K of matmul_gemv and of the small-N kernels are made up.
//
// The elements of a row of A are dealt to strands in pieces of 16 bytes: piece
// p goes to strand p % strands. A strand adds its products one by one, from the
// first element to the last. The strands' sums are then added in pairs of
// neighbours, the sums of pairs in pairs, and so on. This order depends on K,
// the type of A and the number of strands alone: whoever computes a strand, and
// however it reads, the bits are the same. What a piece lacks at the end of K
// counts as 0 on both sides.

#define UNROLL _Pragma("clang loop unroll(full)")

// load4 reads four neighbours, which must be aligned like a vector.
inline float4 load4(device const float* p) { return *(device const float4*)p; }
inline float4 load4(device const half* p) { return float4(*(device const half4*)p); }
inline float4 load4(device const Bfloat* p) {
  return as_type<float4>(uint4(*(device const ushort4*)p) << 16);
}

// gather4 reads count elements, at most four, and fills up with 0.
template <typename Element> inline float4 gather4(device const Element* p, long stride, uint count) {
  if (count >= 4) { // all reads are under way at a time
    return float4(widen(p[0]), widen(p[stride]), widen(p[2 * stride]), widen(p[3 * stride]));
  }
  float4 x = float4(0.0f);
  UNROLL for (uint e = 0; e < 3; e++) {
    if (e < count) {
      x[e] = widen(p[e * stride]);
    }
  }
  return x;
}

// Piece is a piece of a row of A, in fours.
template <typename Element> struct Piece {
  enum : uint { length = 16 / sizeof(Element), fours = length / 4 };
  float4 x[fours];
};

// load reads a whole piece at once. It must be aligned to 16 bytes.
inline Piece<float> load(device const float* p) { return Piece<float>{{load4(p)}}; }
inline Piece<half> load(device const half* p) {
  uint4 bits = *(device const uint4*)p;
  return Piece<half>{{float4(as_type<half4>(bits.xy)), float4(as_type<half4>(bits.zw))}};
}
inline Piece<Bfloat> load(device const Bfloat* p) {
  uint4 bits = *(device const uint4*)p;
  uint4 low = bits << 16, high = bits & 0xffff0000u;
  return Piece<Bfloat>{{as_type<float4>(uint4(low.x, high.x, low.y, high.y)),
                        as_type<float4>(uint4(low.z, high.z, low.w, high.w))}};
}

// gather reads count elements of a piece, which lie anywhere.
template <typename Element> inline Piece<Element> gather(device const Element* p, long stride, uint count) {
  Piece<Element> piece;
  UNROLL for (uint f = 0; f < Piece<Element>::fours; f++) {
    piece.x[f] = gather4(p + f * 4 * stride, stride, count > f * 4 ? count - f * 4 : 0);
  }
  return piece;
}

// Rows are a few rows of A, those past the last being the last one.
template <uint Count> struct Rows {
  device const ElementA* row[Count];
  long stride;  // from element to element of a row
  bool aligned; // pieces are contiguous and aligned
};

template <uint Count>
inline Rows<Count> rowsAt(device const ElementA* a, constant MatmulArguments& args, uint batch, uint first) {
  Rows<Count> rows;
  rows.stride = args.a.col;
  long places = 0;
  UNROLL for (uint r = 0; r < Count; r++) {
    long place = at(args.a, batch, min(first + r, args.m - 1), 0);
    places |= place;
    rows.row[r] = a + place;
  }
  rows.aligned = rows.stride == 1 && places % Piece<ElementA>::length == 0;
  return rows;
}

// read reads the piece of each row that starts at k, before the end of K.
template <uint Count>
inline void read(thread Piece<ElementA>* pieces, thread const Rows<Count>& rows, uint k, uint end) {
  constexpr uint length = Piece<ElementA>::length;
  if (rows.aligned && end - k >= length) {
    UNROLL for (uint r = 0; r < Count; r++) {
      pieces[r] = load(rows.row[r] + k);
    }
  } else {
    UNROLL for (uint r = 0; r < Count; r++) {
      pieces[r] = gather(rows.row[r] + k * rows.stride, rows.stride, min(end - k, length));
    }
  }
}

// Column is a column of B.
struct Column {
  device const ElementB* first;
  long stride;  // from element to element
  bool aligned; // fours are contiguous and aligned
};

inline Column columnAt(device const ElementB* b, constant MatmulArguments& args, uint batch, uint column) {
  long place = at(args.b, batch, 0, column);
  return Column{b + place, args.b.row, args.b.row == 1 && place % 4 == 0};
}

// read4 reads the elements k to k+3 of a column; those from the end on are 0.
inline float4 read4(thread const Column& column, uint k, uint end) {
  if (column.aligned && k + 4 <= end) {
    return load4(column.first + k);
  }
  return gather4(column.first + k * column.stride, column.stride, k < end ? end - k : 0);
}

// add adds four products to a sum.
inline float add(float4 a, float4 b, float sum) {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

// tree adds the sums of strands, in place.
template <uint Strands> inline float tree(thread float* sums) {
  UNROLL for (uint s = 0; s < Strands / 2; s++) {
    sums[s] = sums[2 * s] + sums[2 * s + 1];
  }
  return tree<Strands / 2>(sums);
}
template <> inline float tree<1>(thread float* sums) { return sums[0]; }

// Exchange is a part of treeAcross: of Values sums a lane keeps half, and gets
// as many from the lane at the distance for those that it gives away.
template <uint Distance, uint Values> struct Exchange {
  static float run(thread float* sums, uint lane) {
    bool odd = (lane & Distance) != 0;
    UNROLL for (uint v = 0; v < Values / 2; v++) {
      float kept = odd ? sums[2 * v + 1] : sums[2 * v];
      float given = odd ? sums[2 * v] : sums[2 * v + 1];
      sums[v] = kept + simd_shuffle_xor(given, ushort(Distance));
    }
    return Exchange<Distance * 2, Values / 2>::run(sums, lane);
  }
};
template <uint Distance> struct Exchange<Distance, 1> {
  static float run(thread float* sums, uint) { return sums[0]; }
};

// treeAcross adds the sums of strands that neighbouring lanes hold, Values of
// them each, in the order of tree. Lane l gets the sum of value l % Values.
template <uint Strands, uint Values> inline float treeAcross(thread float* sums, uint lane) {
  float sum = Exchange<1, Values>::run(sums, lane);
  UNROLL for (uint distance = Values; distance < Strands; distance *= 2) {
    sum += simd_shuffle_xor(sum, ushort(distance));
  }
  return sum;
}
