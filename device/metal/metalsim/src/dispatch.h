// Dispatch is one run of a kernel over a grid, with all that it needs.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "function.h"
#include "size.h"

namespace sim {

constexpr unsigned long binding_count = 31;

// Binding is what an index of the buffer argument table holds: memory from an
// offset on, or bytes.
struct Binding {
  std::shared_ptr<Memory> memory;
  size_t offset = 0;
  std::string bytes;
};

struct Dispatch {
  std::shared_ptr<const Shader> shader;
  Binding buffers[binding_count];
  unsigned long threadgroup[binding_count] = {};  // lengths
  Size groups, threads;                           // threads of one group
  std::string kernel() const { return shader->kernel->name; }
};

// Use is a part of memory that a dispatch may touch: from offset to the end.
struct Use {
  std::shared_ptr<Memory> memory;
  size_t offset;
  bool written;
  const char* argument;
};

std::vector<Use> uses(const Dispatch& d);

// run returns what went wrong, or "".
std::string run(const Dispatch& d);

}  // namespace sim
