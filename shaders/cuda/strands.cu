// How gemv and the small-N kernels on multiply-adds sum up an element of C. K
// is cut into pieces of 16 bytes of A; piece p belongs to strand p % 32, which
// is a lane. A strand adds its products one by one, from the first element to
// the last; the strands' sums are added in pairs of neighbours, the sums of
// pairs in pairs, and so on. This order depends on K and the type of A alone.
// What a piece lacks at the end of K counts as 0 on both sides.
#define STRANDS 32

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

// Line is a row of A or a column of B.
template <typename Element, uint Length> struct Line {
  const Element* first;
  long stride;  // from element to element
  bool aligned; // pieces may be read at once

  __device__ __forceinline__ void begin(const Element* base, long place, long step) {
    first = base + place;
    stride = step;
    aligned = step == 1 && (size_t)first % 16 == 0;
  }

  // read reads the piece at k; what lies past the end is 0.
  __device__ __forceinline__ void read(float* x, uint k, uint end) const {
    if (aligned && end - k >= Length) {
      UNROLL for (uint e = 0; e < Length; e += Piece<Element>::length) {
        load16(first + k + e, x + e);
      }
      return;
    }
    UNROLL for (uint e = 0; e < Length; e++) {
      x[e] = k + e < end ? widen(first[long(k + e) * stride]) : 0.0f;
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
template <uint Values> INLINE float treeAcross(float* sums, uint lane) {
  float sum = Exchange<1, Values>::run(sums, lane);
  UNROLL for (uint distance = Values; distance < STRANDS; distance *= 2) {
    sum += fromNeighbour(sum, distance);
  }
  return sum;
}

// strands computes the elements of Rows rows and Cols columns from the given
// ones on, with one warp. Lines past the last are the last one.
template <uint Rows, uint Cols> INLINE void strands(const Product& p, uint batch, uint i, uint j, uint lane) {
  const uint length = Piece<ElementA>::length, values = Rows * Cols < STRANDS ? Rows * Cols : STRANDS;
  Line<ElementA, length> rows[Rows];
  Line<ElementB, length> cols[Cols];
  UNROLL for (uint r = 0; r < Rows; r++) {
    rows[r].begin(p.a, at(p.args.a, batch, least(i + r, p.args.m - 1), 0), p.args.a.col);
  }
  UNROLL for (uint n = 0; n < Cols; n++) {
    cols[n].begin(p.b, at(p.args.b, batch, 0, least(j + n, p.args.n - 1)), p.args.b.row);
  }
  float sums[Rows * Cols] = {};
  for (uint k = lane * length; k < p.args.k; k += STRANDS * length) {
    float a[Rows][length];
    UNROLL for (uint r = 0; r < Rows; r++) {
      rows[r].read(a[r], k, p.args.k);
    }
    UNROLL for (uint n = 0; n < Cols; n++) {
      float b[length];
      cols[n].read(b, k, p.args.k);
      UNROLL for (uint e = 0; e < length; e++) {
        UNROLL for (uint r = 0; r < Rows; r++) {
          sums[n * Rows + r] = fmaf(a[r][e], b[e], sums[n * Rows + r]);
        }
      }
    }
  }
  UNROLL for (uint first = 0; first < Rows * Cols; first += values) {
    float sum = treeAcross<values>(sums + first, lane);
    uint row = i + (first + lane) % Rows, column = j + (first + lane) / Rows;
    if (lane < values && row < p.args.m && column < p.args.n) {
      p.finish(p.run(column), batch, row, column, sum);
    }
  }
}
