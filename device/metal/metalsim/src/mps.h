// What MPS kernels share.
#pragma once
#include <functional>

#include "command_buffer.h"
#include "matrix.h"

namespace sim {

struct MPSKernel : Object {
  unsigned long batch_start = 0, batch_size = (unsigned long)-1;  // matrices of a batch; all
};

// encodable returns the command buffer and checks the matrices, or returns nil
// with a violation. MPS opens an encoder of its own.
CommandBuffer* encodable(const char* what, Object* commands, std::initializer_list<Matrix*> matrices);

// encode appends work that is done once for each matrix of the batch.
void encode(MPSKernel* k, CommandBuffer* c, std::initializer_list<Matrix*> matrices, std::function<void(unsigned long matrix)> work);

void add_kernel_methods(const char* class_name);

}  // namespace sim
