// MTLBuffer and the memory under it.
#pragma once
#include <memory>
#include <shared_mutex>

#include "block.h"
#include "object.h"

namespace sim {

// Memory outlives its buffer while a command buffer may touch it.
struct Memory {
  char* start = nullptr;
  size_t length = 0;
  size_t mapped = 0;  // 0: the program's own
  size_t shift = 0;   // of start, from where the mapping starts
  bool counted = false;  // in allocated_bytes
  // Held, shared, while the GPU runs on the program's own memory.
  std::shared_mutex in_use;
  bool gone = false;  // the program took it back
  ~Memory();
  // mend_slack returns whether something wrote behind the end, and undoes it.
  bool mend_slack();
};

// map_memory returns zeroed memory, or nil if there is none.
std::shared_ptr<Memory> map_memory(size_t length);

struct Buffer : Object {
  static constexpr const char* class_name = "MTLBuffer";
  std::shared_ptr<Memory> memory;
  unsigned long options = 0;
  void dispose() override;
};

constexpr unsigned long page = 16384;  // of Apple silicon

Object* new_buffer(unsigned long length, unsigned long options);
Object* new_buffer_no_copy(void* start, unsigned long length, unsigned long options, Block* deallocator);
unsigned long allocated_bytes();

}  // namespace sim
