// MTLComputePipelineState.
#pragma once
#include <memory>

#include "function.h"

namespace sim {

struct Pipeline : Object {
  static constexpr const char* class_name = "MTLComputePipelineState";
  std::shared_ptr<const Shader> shader;
};

// max_threads is the most threads of a threadgroup.
unsigned long max_threads(const Shader& s);

}  // namespace sim
