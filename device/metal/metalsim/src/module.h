// A compiled shader: the shared library that the shader compiler made.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "msl_abi.h"

namespace sim {

using Constants = std::map<unsigned long, std::string>;  // values of function constants, by index

// One module for each shared library, for ever.
struct Module {
  std::mutex lock;  // of run and error: one dispatch at a time
  const msl_kernel* kernels = nullptr;
  const msl_fconst* constants = nullptr;
  decltype(&msl_run) run = nullptr;
  decltype(&msl_error) error = nullptr;

  const msl_kernel* kernel(const std::string& name) const;
  const msl_fconst* constant(unsigned long index) const;
};

// open_module returns nil and sets *error if the file is no compiled shader.
Module* open_module(const std::string& path, std::string* error);

}  // namespace sim
