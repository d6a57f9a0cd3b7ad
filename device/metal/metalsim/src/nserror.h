// NSError, with the codes that Metal uses.
#pragma once
#include <string>

#include "object.h"

namespace sim {

struct Failure {
  const char* domain = "";
  long code = 0;
  std::string text;
};

constexpr const char* library_domain = "MTLLibraryErrorDomain";
constexpr long compile_failure = 3, compile_warning = 4, function_not_found = 5;
constexpr const char* pipeline_domain = "CompilerError";
constexpr const char* command_buffer_domain = "MTLCommandBufferErrorDomain";
constexpr long invalid_resource = 9, page_fault = 3;

// command_failure returns Metal's own text for a code of command_buffer_domain.
Failure command_failure(long code);

Object* autoreleased_error(const Failure& f);

// set_error stores an autoreleased error where the caller wants it, if it does.
void set_error(Object** out, const Failure& f);

}  // namespace sim
