#include "mps.h"

#include <algorithm>

namespace sim {

CommandBuffer* encodable(const char* what, Object* commands, std::initializer_list<Matrix*> matrices) {
  auto c = as<CommandBuffer>(commands, what);
  for (Matrix* m : matrices) {
    if (c && m && m->buffer && !m->buffer->dead) continue;
    violation("%s: no command buffer, or a matrix without a buffer", what);
    return nullptr;
  }
  return c->editable(what) ? c : nullptr;
}

// Temporary stands for what MPS makes for a kernel and leaves to the command
// buffer.
struct Temporary : Object {
  static constexpr const char* class_name = "MPSTemporary";
};

void encode(MPSKernel* k, CommandBuffer* c, std::initializer_list<Matrix*> matrices, std::function<void(unsigned long)> work) {
  Command command;
  auto temporary = make<Temporary>();
  c->reference(temporary);
  release(temporary);
  unsigned long begin = k->batch_start, count = k->batch_size;
  for (Matrix* m : matrices) {
    c->reference(m->buffer);
    command.memory.push_back(m->memory);
    unsigned long there = m->layout.matrices;
    count = std::min(count, there > begin ? there - begin : 0);
  }
  if (!count) violation("encodeToCommandBuffer: a batch of no matrices");
  command.host = [=] {
    for (unsigned long i = begin; i < begin + count; i++) work(i);
  };
  c->passes.push_back({false, {std::move(command)}});
}

void add_kernel_methods(const char* c) {
  method(c, "batchStart", +[](MPSKernel* k, Selector) { return k->batch_start; });
  method(c, "batchSize", +[](MPSKernel* k, Selector) { return k->batch_size; });
  method(c, "setBatchStart:", +[](MPSKernel* k, Selector, unsigned long n) { k->batch_start = n; });
  method(c, "setBatchSize:", +[](MPSKernel* k, Selector, unsigned long n) { k->batch_size = n; });
}

}  // namespace sim
