#include "compile.h"

#include <atomic>
#include <cstdint>
#include <vector>

#include "export.h"

namespace sim {

// Takes source and its length, and writes a text of at most room bytes. Returns
// its length times two, plus one if it is an error and not a path.
using Compiler = uintptr_t (*)(const char* source, uintptr_t length, char* out, uintptr_t room);

static std::atomic<Compiler> compiler{nullptr};

std::string compile(const std::string& source, std::string* error) {
  Compiler c = compiler;
  if (!c) {
    *error = "the simulator has no shader compiler";
    return "";
  }
  std::vector<char> out(1 << 16);
  uintptr_t result = c(source.data(), source.size(), out.data(), out.size());
  std::string text(out.data(), result / 2);
  if (result % 2 == 0) return text;
  *error = text;
  return "";
}

}  // namespace sim

SIM_EXPORT void metalsim_set_compiler(sim::Compiler c) { sim::compiler = c; }
