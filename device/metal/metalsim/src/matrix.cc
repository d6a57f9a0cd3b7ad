#include "matrix.h"

#include <cstring>

namespace sim {

struct MatrixDescriptor : Object {
  static constexpr const char* class_name = "MPSMatrixDescriptor";
  Layout layout;
};

void Matrix::dispose() {
  release(buffer);
  memory.reset();
}

static unsigned long element_bytes(uint32_t type) { return type == float32 ? 4 : type == float16 ? 2 : 0; }

char* Elements::at(unsigned long matrix, unsigned long row, unsigned long column) const {
  const Layout& l = layout;
  return memory->start + l.offset + matrix * l.matrix_bytes + row * l.row_bytes + column * element_bytes(l.type);
}

float Elements::get(unsigned long matrix, unsigned long row, unsigned long column) const {
  const char* p = at(matrix, row, column);
  float value;
  _Float16 half;
  if (layout.type == float32) memcpy(&value, p, 4);
  else memcpy(&half, p, 2), value = (float)half;
  return value;
}

void Elements::set(unsigned long matrix, unsigned long row, unsigned long column, float value) const {
  char* p = at(matrix, row, column);
  _Float16 half = (_Float16)value;
  if (layout.type == float32) memcpy(p, &value, 4);
  else memcpy(p, &half, 2);
}

static bool valid_layout(const Layout& l) {
  unsigned long element = element_bytes(l.type);
  if (!element) {
    violation("MPSMatrixDescriptor: data type %#x; the simulator knows float32 and float16", l.type);
    return false;
  }
  if (l.rows && l.columns && l.matrices && l.row_bytes % element == 0 && l.row_bytes >= l.columns * element &&
      (l.matrices == 1 || (l.matrix_bytes % l.row_bytes == 0 && l.matrix_bytes >= l.rows * l.row_bytes)))
    return true;
  violation("MPSMatrixDescriptor: %lu matrices, %lu bytes apart, of %lux%lu, rows %lu bytes apart", l.matrices, l.matrix_bytes,
            l.rows, l.columns, l.row_bytes);
  return false;
}

static Object* new_descriptor(const Layout& l) {
  if (!valid_layout(l)) return nullptr;
  auto d = make<MatrixDescriptor>();
  d->layout = l;
  return autorelease(d);
}

static Object* describe(Object*, Selector, unsigned long rows, unsigned long columns, unsigned long row_bytes, uint32_t type) {
  return new_descriptor({rows, columns, 1, row_bytes, rows * row_bytes, 0, type});
}

static Object* describe_batch(Object*, Selector, unsigned long rows, unsigned long columns, unsigned long matrices,
                              unsigned long row_bytes, unsigned long matrix_bytes, uint32_t type) {
  return new_descriptor({rows, columns, matrices, row_bytes, matrix_bytes, 0, type});
}

// init releases the matrix and returns nil if it cannot be.
static Object* init_matrix(Matrix* m, Selector, Object* buffer, unsigned long offset, Object* descriptor) {
  const char* what = "initWithBuffer:offset:descriptor:";
  auto b = as<Buffer>(buffer, what);
  auto d = as<MatrixDescriptor>(descriptor, what);
  if (!b || !d) {
    violation("%s: no buffer or no descriptor", what);
    release(m);
    return nullptr;
  }
  Layout l = d->layout;
  l.offset = offset;
  // The padding behind the last row need not be there.
  unsigned long bytes = (l.matrices - 1) * l.matrix_bytes + (l.rows - 1) * l.row_bytes + l.columns * element_bytes(l.type);
  if (offset % element_bytes(l.type) || offset > b->memory->length || bytes > b->memory->length - offset) {
    violation("%s: %lu bytes at offset %lu of a buffer of %zu", what, bytes, offset, b->memory->length);
    release(m);
    return nullptr;
  }
  retain(b);
  release(m->buffer);
  m->buffer = b;
  m->memory = b->memory;
  m->layout = l;
  return m;
}

[[maybe_unused]] static const bool matrix_methods = [] {
  const char* d = MatrixDescriptor::class_name;
  class_method(d, "matrixDescriptorWithRows:columns:rowBytes:dataType:", describe);
  class_method(d, "matrixDescriptorWithRows:columns:matrices:rowBytes:matrixBytes:dataType:", describe_batch);
  allocatable<Matrix>();
  method(Matrix::class_name, "initWithBuffer:offset:descriptor:", init_matrix);
  method(Matrix::class_name, "initWithBuffer:descriptor:", +[](Matrix* m, Selector s, Object* b, Object* d) {
    return init_matrix(m, s, b, 0, d);
  });
  return true;
}();

}  // namespace sim
