// MTLFunction, and the kernel that it and a pipeline stand for.
#pragma once
#include "module.h"
#include "object.h"

namespace sim {

// Shader is a kernel with the values of its function constants.
struct Shader {
  Module* module = nullptr;
  const msl_kernel* kernel = nullptr;
  Constants constants;
};

struct Function : Object {
  static constexpr const char* class_name = "MTLFunction";
  Shader shader;
};

}  // namespace sim
