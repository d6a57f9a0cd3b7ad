#include "report.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "export.h"

namespace sim {

// A program that goes wrong in a loop must not eat the memory.
constexpr size_t max_violations = 1000;

static std::mutex violations_lock;
static std::vector<std::string> violations;

void violation(const char* format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  std::lock_guard<std::mutex> lock(violations_lock);
  if (violations.size() < max_violations) violations.push_back(text);
}

}  // namespace sim

// Texts are separated by '\n'. Clears them only if all fit.
SIM_EXPORT size_t metalsim_violations(char* out, size_t room) {
  std::lock_guard<std::mutex> lock(sim::violations_lock);
  std::string all;
  for (const auto& v : sim::violations) all += v + "\n";
  size_t needed = sim::copy_out(all, out, room);
  if (needed <= room) sim::violations.clear();
  return needed;
}
