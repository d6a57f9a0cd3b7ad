// MPSMatrixMultiplication: C = alpha * op(A) * op(B) + beta * C.
#include "mps.h"

namespace sim {

struct Product {
  bool transpose_left = false, transpose_right = false;
  unsigned long rows = 0, columns = 0, interior = 0;
  double alpha = 1, beta = 0;
};

struct MatrixMultiplication : MPSKernel {
  static constexpr const char* class_name = "MPSMatrixMultiplication";
  Product product;
};

static Object* init_product(MatrixMultiplication* k, Selector, Object*, bool transpose_left, bool transpose_right, unsigned long rows,
                            unsigned long columns, unsigned long interior, double alpha, double beta) {
  if (!rows || !columns || !interior) violation("MPSMatrixMultiplication: %lux%lux%lu", rows, columns, interior);
  k->product = {transpose_left, transpose_right, rows, columns, interior, alpha, beta};
  return k;
}

static Object* init_plain(MatrixMultiplication* k, Selector s, Object* device, unsigned long rows, unsigned long columns, unsigned long interior) {
  return init_product(k, s, device, false, false, rows, columns, interior, 1, 0);
}

// holds says whether a matrix, transposed or not, has at least so many elements.
static bool holds(const Matrix* m, bool transposed, unsigned long rows, unsigned long columns) {
  const Layout& l = m->layout;
  return transposed ? l.rows >= columns && l.columns >= rows : l.rows >= rows && l.columns >= columns;
}

// rounded converts a factor to the type of the result, as MPS does.
static float rounded(double factor, uint32_t type) { return type == float16 ? (float)(_Float16)factor : (float)factor; }

// Sums are in float32, and C is not read unless beta says so.
static void multiply(const Product& p, const Elements& a, const Elements& b, const Elements& c, unsigned long matrix) {
  std::vector<float> right(p.interior * p.columns);
  for (unsigned long k = 0; k < p.interior; k++)
    for (unsigned long j = 0; j < p.columns; j++)
      right[k * p.columns + j] = p.transpose_right ? b.get(matrix, j, k) : b.get(matrix, k, j);
  std::vector<float> sums(p.columns);
  const float alpha = rounded(p.alpha, c.layout.type), beta = rounded(p.beta, c.layout.type);
  for (unsigned long i = 0; i < p.rows; i++) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (unsigned long k = 0; k < p.interior; k++) {
      float x = p.transpose_left ? a.get(matrix, k, i) : a.get(matrix, i, k);
      for (unsigned long j = 0; j < p.columns; j++) sums[j] += x * right[k * p.columns + j];
    }
    for (unsigned long j = 0; j < p.columns; j++) {
      float old = beta == 0 ? 0 : beta * c.get(matrix, i, j);
      c.set(matrix, i, j, alpha * sums[j] + old);
    }
  }
}

static void encode_product(MatrixMultiplication* k, Selector, Object* commands, Object* left, Object* right, Object* result) {
  const char* what = "encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:";
  auto a = as<Matrix>(left, what), b = as<Matrix>(right, what), c = as<Matrix>(result, what);
  auto buffer = encodable(what, commands, {a, b, c});
  if (!buffer) return;
  const Product p = k->product;
  if (!holds(a, p.transpose_left, p.rows, p.interior) || !holds(b, p.transpose_right, p.interior, p.columns) ||
      !holds(c, false, p.rows, p.columns) || a->layout.type != b->layout.type) {
    violation("%s: the matrices do not fit a product of %lux%lux%lu, or left and right differ in type", what, p.rows, p.columns, p.interior);
    return;
  }
  Elements x = elements(*a), y = elements(*b), z = elements(*c);
  encode(k, buffer, {a, b, c}, [=](unsigned long matrix) { multiply(p, x, y, z, matrix); });
}

[[maybe_unused]] static const bool matmul_methods = [] {
  const char* c = MatrixMultiplication::class_name;
  allocatable<MatrixMultiplication>();
  add_kernel_methods(c);
  method(c, "initWithDevice:transposeLeft:transposeRight:resultRows:resultColumns:interiorColumns:alpha:beta:", init_product);
  method(c, "initWithDevice:resultRows:resultColumns:interiorColumns:", init_plain);
  method(c, "encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:", encode_product);
  return true;
}();

}  // namespace sim
