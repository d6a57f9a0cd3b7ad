#include "slots.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace sim {

constexpr uint32_t slot_count = 31;

Slots::Slots() : size((size_t)sysconf(_SC_PAGESIZE)) {
  start = (char*)mmap(nullptr, 2 * slot_count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) abort();
  for (uint32_t i = 0; i < slot_count; i++) mprotect(guard(i), size, PROT_NONE);
}

Slots::~Slots() { munmap(start, 2 * slot_count * size); }

char* Slots::put(uint32_t index, const std::string& bytes) {
  constexpr size_t alignment = 16;
  char* at = guard(index) - (bytes.size() + alignment - 1) / alignment * alignment;
  memcpy(at, bytes.data(), bytes.size());
  return at;
}

bool Slots::behind(uint32_t index, const void* at) const { return at >= guard(index) && at < guard(index) + size; }

}  // namespace sim
