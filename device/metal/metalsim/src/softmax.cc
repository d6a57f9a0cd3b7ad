// MPSMatrixSoftMax: rows of exp(x - max) / sum.
#include <algorithm>
#include <cmath>

#include "mps.h"

namespace sim {

struct MatrixSoftMax : MPSKernel {
  static constexpr const char* class_name = "MPSMatrixSoftMax";
  unsigned long rows = (unsigned long)-1, columns = (unsigned long)-1;  // of the source; all
};

static void softmax_row(const Elements& in, const Elements& out, unsigned long matrix, unsigned long row, unsigned long columns) {
  float largest = -INFINITY, sum = 0;
  for (unsigned long j = 0; j < columns; j++) largest = std::max(largest, in.get(matrix, row, j));
  std::vector<float> powers(columns);
  for (unsigned long j = 0; j < columns; j++) sum += powers[j] = std::exp(in.get(matrix, row, j) - largest);
  for (unsigned long j = 0; j < columns; j++) out.set(matrix, row, j, powers[j] / sum);
}

static void encode_softmax(MatrixSoftMax* k, Selector, Object* commands, Object* input, Object* result) {
  const char* what = "encodeToCommandBuffer:inputMatrix:resultMatrix:";
  auto a = as<Matrix>(input, what), c = as<Matrix>(result, what);
  auto buffer = encodable(what, commands, {a, c});
  if (!buffer) return;
  unsigned long rows = std::min(k->rows, a->layout.rows), columns = std::min(k->columns, a->layout.columns);
  if (c->layout.rows < rows || c->layout.columns < columns) {
    violation("%s: a result of %lux%lu for %lux%lu", what, c->layout.rows, c->layout.columns, rows, columns);
    return;
  }
  Elements x = elements(*a), z = elements(*c);
  encode(k, buffer, {a, c}, [=](unsigned long matrix) {
    for (unsigned long i = 0; i < rows; i++) softmax_row(x, z, matrix, i, columns);
  });
}

[[maybe_unused]] static const bool softmax_methods = [] {
  const char* c = MatrixSoftMax::class_name;
  allocatable<MatrixSoftMax>();
  add_kernel_methods(c);
  method(c, "initWithDevice:", +[](MatrixSoftMax* k, Selector, Object*) -> Object* { return k; });
  method(c, "setSourceRows:", +[](MatrixSoftMax* k, Selector, unsigned long n) { k->rows = n; });
  method(c, "setSourceColumns:", +[](MatrixSoftMax* k, Selector, unsigned long n) { k->columns = n; });
  method(c, "encodeToCommandBuffer:inputMatrix:resultMatrix:", encode_softmax);
  return true;
}();

}  // namespace sim
