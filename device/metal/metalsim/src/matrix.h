// MPSMatrix and its descriptor.
#pragma once
#include <memory>
#include <vector>

#include "buffer.h"

namespace sim {

enum DataType : uint32_t { float32 = 0x10000020, float16 = 0x10000010 };

// Layout is where elements lie, from the start of a buffer's memory.
struct Layout {
  unsigned long rows = 0, columns = 0, matrices = 1, row_bytes = 0, matrix_bytes = 0, offset = 0;
  uint32_t type = float32;
};

struct Matrix : Object {
  static constexpr const char* class_name = "MPSMatrix";
  Buffer* buffer = nullptr;  // retained
  std::shared_ptr<Memory> memory;  // the buffer's
  Layout layout;
  void dispose() override;
};

// Elements gives host code one matrix of a batch as floats.
struct Elements {
  std::shared_ptr<Memory> memory;
  Layout layout;
  float get(unsigned long matrix, unsigned long row, unsigned long column) const;
  void set(unsigned long matrix, unsigned long row, unsigned long column, float value) const;

 private:
  char* at(unsigned long matrix, unsigned long row, unsigned long column) const;
};

inline Elements elements(const Matrix& m) { return {m.memory, m.layout}; }

}  // namespace sim
