// The rows of a softmax: where they lie, and four columns of one at a time. A
// thread has the same columns whatever the layout, so that bits do not depend
// on it.

// Row is one row. Its thread reads what it later writes, so Y may be X.
struct Row {
  device const ElementA* x; // column 0
  device ElementC* y;
  long xStep, yStep;     // from column to column
  bool xFours, yFours;   // four columns may be read or written at once
  uint cols, attended;   // attended <= cols
};

// fours reports whether each fourth column of a row that starts at first is
// aligned as a vector is. Buffers are bound at multiples of 16 bytes.
inline bool fours(long first, long step) { return step == 1 && (first & 3) == 0; }

// rowAt returns row r of all matrices, one without columns after the last.
inline Row rowAt(device const ElementA* x, device ElementC* y, constant SoftmaxArguments& args,
                 device const RowRun* runs, uint r) {
  bool exists = r < args.rows * args.batches;
  r = exists ? r : 0;
  device const RowRun& run = runs[runOf(runs, args.runs, r)];
  long limit = run.limit + long(r - run.first) * run.step;
  long xFirst = at(args.x, r / args.rows, r % args.rows, 0);
  long yFirst = at(args.y, r / args.rows, r % args.rows, 0);
  Row row;
  row.x = x + xFirst;
  row.y = y + yFirst;
  row.xStep = args.x.col;
  row.yStep = args.y.col;
  row.xFours = fours(xFirst, args.x.col);
  row.yFours = fours(yFirst, args.y.col);
  row.cols = exists ? run.cols : 0;
  row.attended = limit <= 0 ? 0 : limit < long(row.cols) ? uint(limit) : row.cols;
  return row;
}

inline float4 loadFour(device const float* p) { return *(device const float4*)p; }
inline float4 loadFour(device const half* p) { return float4(*(device const half4*)p); }
inline float4 loadFour(device const Bfloat* p) {
  return as_type<float4>(uint4(*(device const ushort4*)p) << 16);
}

inline void storeFour(device float* p, float4 v) { *(device float4*)p = v; }
inline void storeFour(device half* p, float4 v) { *(device half4*)p = half4(v); }
inline void storeFour(device Bfloat* p, float4 v) {
  *(device ushort4*)p = ushort4(narrow<Bfloat>(v.x).bits, narrow<Bfloat>(v.y).bits,
                                narrow<Bfloat>(v.z).bits, narrow<Bfloat>(v.w).bits);
}

// readFour returns columns c to c+3. Those that the row does not attend to
// count nothing: they are the least, and e to their power is 0.
inline float4 readFour(Row row, uint c) {
  if (row.xFours && c + 4 <= row.attended) {
    return loadFour(row.x + c);
  }
  float4 v = float4(-INFINITY);
  for (uint k = 0; k < 4; k++) {
    if (c + k < row.attended) {
      v[k] = widen(row.x[long(c + k) * row.xStep]);
    }
  }
  return v;
}

// writeFour stores columns c to c+3 as far as the row has them: 0 where it does
// not attend, even if v is NaN there.
inline void writeFour(Row row, uint c, float4 v) {
  for (uint k = 0; k < 4; k++) {
    v[k] = c + k < row.attended ? v[k] : 0.0f;
  }
  if (row.yFours && c + 4 <= row.cols) {
    storeFour(row.y + c, v);
    return;
  }
  for (uint k = 0; k < 4; k++) {
    if (c + k < row.cols) {
      row.y[long(c + k) * row.yStep] = narrow<ElementC>(v[k]);
    }
  }
}
