// Slots hold the bytes of setBytes while a kernel runs: each ends where memory
// that cannot be accessed begins.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace sim {

struct Slots {
  Slots();
  ~Slots();
  Slots(const Slots&) = delete;
  // put copies at most 4096 bytes, aligned for every type, to the slot of an index.
  char* put(uint32_t index, const std::string& bytes);
  // behind says whether an address is in the guard of a slot.
  bool behind(uint32_t index, const void* at) const;

 private:
  char* guard(uint32_t index) const { return start + (2 * index + 1) * size; }
  size_t size;  // of a slot, and of its guard
  char* start;
};

}  // namespace sim
