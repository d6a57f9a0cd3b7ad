// What is visible outside the library, and how texts leave it.
#pragma once
#include <cstddef>
#include <cstring>
#include <string>

#define SIM_EXPORT extern "C" __attribute__((visibility("default")))

namespace sim {

// copy_out copies text if it fits into room bytes; it returns its length.
inline size_t copy_out(const std::string& text, char* out, size_t room) {
  if (text.size() <= room && !text.empty()) memcpy(out, text.data(), text.size());
  return text.size();
}

}  // namespace sim
