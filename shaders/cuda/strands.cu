// How gemv and the small-N kernels on multiply-adds sum up an element of C. K
// is cut into pieces of 16 bytes of A; piece p belongs to strand p % Strands,
// here a lane. A strand adds its products one by one, from the first element to
// the last; the strands' sums are added in pairs of neighbours, the sums of
// pairs in pairs, and so on. A long K is cut into stretches first, each with its
// own strands, and the stretches' sums are added one after the other. This order
// depends on the kernel's family, K and the type of A alone. What a piece lacks
// at the end of K counts as 0 on both sides.

template <typename Element> struct Piece {
  enum : uint { length = 16 / sizeof(Element) };
};

// load16 reads 16 aligned bytes of elements.
INLINE void load16(const float* p, float* x) {
  uint4 v = *(const uint4*)p;
  x[0] = __uint_as_float(v.x), x[1] = __uint_as_float(v.y), x[2] = __uint_as_float(v.z), x[3] = __uint_as_float(v.w);
}
template <typename Short> INLINE void load16(const Short* p, float* x) {
  uint4 v = *(const uint4*)p;
  uint words[4] = {v.x, v.y, v.z, v.w};
  UNROLL for (uint w = 0; w < 4; w++) {
    x[2 * w] = widen(Short{ushort(words[w])});
    x[2 * w + 1] = widen(Short{ushort(words[w] >> 16)});
  }
}

// Lines are rows of A or columns of B, of which pieces of Length elements are
// read. Those past the last are the last one: what they give is not stored.
template <typename Element, uint Count, uint Length> struct Lines {
  const Element* base;
  long stride;       // along K
  long place[Count]; // of the lines, in elements

  // even reports whether pieces may be read at once, in all lines of the operand:
  // not those of half of 16 bytes, of a B of 16-bit floats beside an A of f32.
  static __device__ __forceinline__ bool even(const Element* base, long first, long batch, long along_k, long across) {
    const long fit = Piece<Element>::length;
    return Length % fit == 0 && along_k == 1 && (size_t)(base + first) % 16 == 0 && batch % fit == 0 && across % fit == 0;
  }

  __device__ __forceinline__ void whole(float* x, uint line, uint k) const {
    if constexpr (Length % Piece<Element>::length == 0) {
      UNROLL for (uint e = 0; e < Length; e += Piece<Element>::length) {
        load16(base + place[line] + k + e, x + e);
      }
    }
  }

  // any reads elements wherever they lie; those past the end are 0.
  __device__ __forceinline__ void any(float* x, uint line, uint k, uint end) const {
    UNROLL for (uint e = 0; e < Length; e++) {
      x[e] = k + e < end ? widen(base[place[line] + long(k + e) * stride]) : 0.0f;
    }
  }
};

// Exchange adds the sums of all lanes: of Values sums a lane keeps half, and
// gets as many from the lane at the distance for those that it gives away.
template <uint Distance, uint Values> struct Exchange {
  static __device__ __forceinline__ float run(float* sums, uint lane) {
    bool odd = (lane & Distance) != 0;
    UNROLL for (uint v = 0; v < Values / 2; v++) {
      float kept = odd ? sums[2 * v + 1] : sums[2 * v];
      float given = odd ? sums[2 * v] : sums[2 * v + 1];
      sums[v] = kept + fromNeighbour(given, Distance);
    }
    return Exchange<Distance * 2, Values / 2>::run(sums, lane);
  }
};
template <uint Distance> struct Exchange<Distance, 1> {
  static __device__ __forceinline__ float run(float* sums, uint) { return sums[0]; }
};

// treeAcross adds the strands of Values sums. Lane l gets sum l % Values.
template <uint Strands, uint Values> INLINE float treeAcross(float* sums, uint lane) {
  float sum = Exchange<1, Values>::run(sums, lane);
  UNROLL for (uint distance = Values; distance < Strands; distance *= 2) {
    sum += fromNeighbour(sum, distance);
  }
  return sum;
}

// add adds the products of a piece, in order.
template <uint Rows, uint Cols, uint Length> INLINE void add(float* sums, const float (*a)[Length], const float (*b)[Length]) {
  UNROLL for (uint n = 0; n < Cols; n++) {
    UNROLL for (uint e = 0; e < Length; e++) {
      UNROLL for (uint r = 0; r < Rows; r++) {
        sums[n * Rows + r] = fmaf(a[r][e], b[n][e], sums[n * Rows + r]);
      }
    }
  }
}

// addPieces adds the products of Ahead pieces of whole lines.
template <uint Strands, uint Rows, uint Cols, uint Ahead>
INLINE void addPieces(float* sums, const Lines<ElementA, Rows, Piece<ElementA>::length>& rows,
                      const Lines<ElementB, Cols, Piece<ElementA>::length>& cols, uint k) {
  const uint length = Piece<ElementA>::length;
  float a[Ahead][Rows][length];
  UNROLL for (uint h = 0; h < Ahead; h++) {
    UNROLL for (uint r = 0; r < Rows; r++) {
      rows.whole(a[h][r], r, k + h * Strands * length);
    }
  }
  if (Ahead > 1) { // or the compiler puts each load next to its use
    asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
  }
  UNROLL for (uint h = 0; h < Ahead; h++) {
    float b[Cols][length];
    UNROLL for (uint n = 0; n < Cols; n++) {
      cols.whole(b[n], n, k + h * Strands * length);
    }
    add<Rows, Cols, length>(sums, a[h], b);
  }
}

// Stretch is a part of K: what the lanes of a sum add up.
struct Stretch {
  uint first, end;
  uint sure; // how many k the stretches of all lanes of the warp have
};

// sumStretch adds up the products of Rows rows and Cols columns from the given
// ones on, with as many lanes as a sum has strands. Ahead is how many pieces of a
// line are read before the first is used.
template <uint Strands, uint Rows, uint Cols, uint Ahead>
INLINE void sumStretch(float* sums, const Product& p, uint batch, uint i, uint j, uint lane, const Stretch& of) {
  const uint length = Piece<ElementA>::length, step = Strands * length;
  const Matrix &ma = p.args.a, &mb = p.args.b;
  const uint end = of.end;
  Lines<ElementA, Rows, length> rows{p.a, ma.col};
  Lines<ElementB, Cols, length> cols{p.b, mb.row};
  UNROLL for (uint r = 0; r < Rows; r++) {
    rows.place[r] = at(ma, batch, least(i + r, p.args.m - 1), 0);
  }
  UNROLL for (uint n = 0; n < Cols; n++) {
    cols.place[n] = at(mb, batch, 0, least(j + n, p.args.n - 1));
  }
  const bool even = rows.even(p.a, ma.offset, ma.batch, ma.col, ma.row) && cols.even(p.b, mb.offset, mb.batch, mb.row, mb.col);
  uint k = of.first + lane * length;
  if (even) {
    uint all = 0; // of all lanes
    for (; all + Ahead * step <= of.sure; all += Ahead * step, k += Ahead * step) {
      addPieces<Strands, Rows, Cols, Ahead>(sums, rows, cols, k);
    }
    for (; all + 4 * step <= of.sure; all += 4 * step, k += 4 * step) {
      addPieces<Strands, Rows, Cols, 4>(sums, rows, cols, k);
    }
    for (; k + length <= end; k += step) {
      addPieces<Strands, Rows, Cols, 1>(sums, rows, cols, k);
    }
  }
  for (; k < end; k += step) {
    float a[Rows][length], b[Cols][length];
    UNROLL for (uint r = 0; r < Rows; r++) {
      rows.any(a[r], r, k, end);
    }
    UNROLL for (uint n = 0; n < Cols; n++) {
      cols.any(b[n], n, k, end);
    }
    add<Rows, Cols, length>(sums, a, b);
  }
}

// strands computes elements whose K is one stretch.
template <uint Strands, uint Rows, uint Cols, uint Ahead>
INLINE void strands(const Product& p, uint batch, uint i, uint j, uint lane) {
  const uint values = Rows * Cols < Strands ? Rows * Cols : Strands;
  float sums[Rows * Cols] = {};
  sumStretch<Strands, Rows, Cols, Ahead>(sums, p, batch, i, j, lane, Stretch{0, p.args.k, p.args.k});
  UNROLL for (uint first = 0; first < Rows * Cols; first += values) {
    float sum = treeAcross<Strands, values>(sums + first, lane);
    uint row = i + (first + lane) % Rows, column = j + (first + lane) / Rows;
    if (lane < values && row < p.args.m && column < p.args.n) {
      p.finish(p.run(column), batch, row, column, sum);
    }
  }
}
