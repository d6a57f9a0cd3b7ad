// What the tiled products share: where a threadgroup's tile of C is, how tiles
// of A and B get to threadgroup memory, and how sums get from there to C.

#define UNROLL _Pragma("clang loop unroll(full)")

// Product is a product with the matrix of the batch that a threadgroup works on.
struct Product {
  device const ElementA* a;
  device const ElementB* b;
  device ElementC* c;
  constant MatmulArguments* args;
  device const ColumnRun* runs;
  device const Matrix* biases;
  device const ElementC* bias;
  uint batch;
};

// tileAt returns the first row and column of a threadgroup's tile. Neighbours
// in the grid go down a few tiles before they go right, so that those that run
// at the same time share what they read. Rows past the last have no tile.
inline uint2 tileAt(uint3 group, uint3 groups, uint n, uint height, uint width) {
  uint down = groups.x / ((n + width - 1) / width);
  return uint2((group.y * down + group.x % down) * height, group.x / down * width);
}

// staged converts an element to its type in threadgroup memory, exactly.
template <typename Staged, typename Element> inline Staged staged(Element x) { return Staged(widen(x)); }
template <> inline half staged<half, half>(half x) { return x; }

// four reads four neighbours, from any element on.
inline float4 four(device const float* p) { return float4(*(device const packed_float4*)p); }
inline half4 four(device const half* p) { return half4(*(device const packed_half4*)p); }
inline float4 four(device const Bfloat* p) {
  return as_type<float4>(uint4(ushort4(*(device const packed_ushort4*)p)) << 16);
}

// Mover takes one operand's tiles to threadgroup memory, one after another
// along K. Side is the tile's size along M or N, Depth that along K. A tile
// consists of lines along the direction that is contiguous in memory; a thread
// moves four neighbours of a line at a time, always at the same place. What
// lies outside the matrix becomes 0.
template <typename Element, typename Staged, uint Side, uint Depth, uint Threads>
struct Mover {
  enum : uint { times = Side * Depth / 4 / Threads }; // that a thread moves four
  using Vector = metal::vec<Staged, 4>;

  device const Element* origin; // of the next tile
  long first;                   // the thread's first element, from the origin
  long pass;                    // from one of its vectors to the next
  long along;                   // from element to element of a vector
  long next;                    // from tile to tile
  bool deep;                    // lines run along K
  uint line, place, lines;      // of the first vector; lines from vector to vector
  uint sides;                   // from the tile's first on to the matrix's end
  Vector held[times];

  // begin starts at the first tile. It stands at `from`.
  void begin(device const Element* from, long side_stride, long depth_stride, bool along_k, uint sides_left, uint thread_index) thread {
    uint fours = (along_k ? Depth : Side) / 4;
    long across = along_k ? side_stride : depth_stride;
    deep = along_k;
    origin = from;
    line = thread_index / fours;
    place = thread_index % fours * 4;
    lines = Threads / fours;
    along = along_k ? depth_stride : side_stride;
    first = long(line) * across + long(place) * along;
    pass = long(lines) * across;
    next = long(Depth) * depth_stride;
    sides = sides_left;
  }

  // fetch reads the next tile into registers, of whose depth `left` remain.
  void fetch(uint left) thread {
    if (along == 1 && sides >= Side && left >= Depth) {
      UNROLL for (uint t = 0; t < times; t++) {
        held[t] = Vector(four(origin + first + t * pass));
      }
    } else {
      fetchEdge(deep ? sides : left, deep ? left : sides);
    }
    origin += next;
  }

  // fetchEdge reads a tile of which some lines and places are in the matrix.
  // For the others it reads the first element, so that no read has to wait for
  // a branch.
  void fetchEdge(uint all_lines, uint all_places) thread {
    UNROLL for (uint t = 0; t < times; t++) {
      UNROLL for (uint e = 0; e < 4; e++) {
        bool inside = line + t * lines < all_lines && place + e < all_places;
        Staged x = staged<Staged>(origin[inside ? first + t * pass + e * along : 0]);
        held[t][e] = inside ? x : Staged(0);
      }
    }
  }

  // put writes what was fetched, line by line.
  void put(threadgroup Staged* tile, uint stride) const thread {
    UNROLL for (uint t = 0; t < times; t++) {
      *(threadgroup Vector*)(tile + (line + t * lines) * stride + place) = held[t];
    }
  }

  // putTurned writes what was fetched so that lines become columns.
  void putTurned(threadgroup Staged* tile, uint stride) const thread {
    UNROLL for (uint t = 0; t < times; t++) {
      UNROLL for (uint e = 0; e < 4; e++) {
        tile[(place + e) * stride + line + t * lines] = held[t][e];
      }
    }
  }
};

// byRows reports whether C is written along rows rather than along columns.
inline bool byRows(thread const Product& p) { return p.args->c.col <= p.args->c.row; }

// finishLines finishes Lines*Length sums in threadgroup memory. A line is a
// stretch of a row of C, or of a column if not byRows; the first sum is that of
// element (i, j), the next line `apart` rows or columns away. Worker is the
// thread's number among those that share the work.
template <uint Lines, uint Length, uint Workers>
inline void finishLines(thread const Product& p, threadgroup const float* sums, uint stride,
                        uint i, uint j, uint apart, uint worker) {
  const bool rows = byRows(p);
  for (uint e = worker; e < Lines * Length; e += Workers) {
    uint line = e / Length, place = e % Length;
    uint row = i + (rows ? line * apart : place), col = j + (rows ? place : line * apart);
    if (row < p.args->m && col < p.args->n) {
      finish(p.c, *p.args, p.runs, p.biases, p.bias, p.batch, row, col, sums[line * stride + place]);
    }
  }
}
