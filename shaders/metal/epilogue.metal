// What is done with the finished sum of an element of C.

// runOf returns the index of the run that a column or row belongs to. Empty
// runs have the same first place as the run after them, which counts.
template <typename Run>
inline uint runOf(device const Run* runs, uint count, uint place) {
  uint low = 0, high = count;
  while (high - low > 1) {
    uint middle = (low + high) / 2;
    if (runs[middle].first <= place) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

// finish stores alpha*sum + beta*C + bias at element (i, j) of matrix b of C.
// With alpha 0 the sum does not count, whatever it is.
inline void finish(device ElementC* c, constant MatmulArguments& args,
                   device const ColumnRun* runs,
                   device const Matrix* biases, device const ElementC* bias,
                   uint b, uint i, uint j, float sum) {
  ColumnRun run = runs[runOf(runs, args.runs, j)];
  long place = at(args.c, b, i, j);
  float value = run.alpha == 0.0f ? 0.0f : run.alpha * sum;
  if (has_beta && run.beta != 0.0f) {
    value = fma(run.beta, widen(c[place]), value);
  }
  if (has_bias && run.bias >= 0) {
    value += widen(bias[at(biases[run.bias], b, i, j - run.first)]);
  }
  c[place] = narrow<ElementC>(value);
}
