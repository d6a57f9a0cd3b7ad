// Blocks: void (^)(id).
#pragma once
#include "object.h"

namespace sim {

struct Block {
  struct Descriptor {
    unsigned long reserved, size;
    void (*copy)(Block*, const Block*);  // only with has_helpers
    void (*dispose)(Block*);
  };
  void* isa;
  int flags, reserved;
  void (*invoke)(Block*, Object*);
  const Descriptor* descriptor;
};

Block* copy_block(const Block* b);
void free_block(Block* b);

}  // namespace sim
