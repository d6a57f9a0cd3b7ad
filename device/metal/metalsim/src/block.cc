#include "block.h"

#include <cstdlib>
#include <cstring>

#include "export.h"

// What a block literal's isa points to; only the addresses matter.
extern "C" {
__attribute__((visibility("default"))) void* _NSConcreteStackBlock[32];
__attribute__((visibility("default"))) void* _NSConcreteGlobalBlock[32];
__attribute__((visibility("default"))) void* _NSConcreteMallocBlock[32];
}

namespace sim {

constexpr int has_helpers = 1 << 25;

Block* copy_block(const Block* b) {
  if (b->isa != _NSConcreteStackBlock && b->isa != _NSConcreteGlobalBlock && b->isa != _NSConcreteMallocBlock)
    violation("block %p: its isa is no block class", (const void*)b);
  Block* copy = (Block*)malloc(b->descriptor->size);
  memcpy(copy, b, b->descriptor->size);
  copy->isa = _NSConcreteMallocBlock;
  if (b->flags & has_helpers) b->descriptor->copy(copy, b);
  return copy;
}

void free_block(Block* b) {
  if (b->flags & has_helpers) b->descriptor->dispose(b);
  free(b);
}

}  // namespace sim
