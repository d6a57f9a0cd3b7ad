// The simulated Mac.
#pragma once
#include <cstdint>

namespace sim {

// Settable from outside: keep the layout of metalsim.Machine.
struct Machine {
  uint64_t apple_family = 9;  // the newest MTLGPUFamilyApple
  uint64_t macos = 15;        // major version
  uint64_t memory = 8ull << 30;  // recommendedMaxWorkingSetSize, bytes
  uint64_t max_buffer = 4ull << 30;
  uint64_t max_threads = 1024;  // of a threadgroup, in every pipeline
  uint64_t threadgroup_memory = 32768;
  uint64_t buffer_shift = 0;  // bytes from a page to a buffer of Metal's own
};

Machine machine();

// schedule is the order of GPU threads: enum msl_order, and a seed in the upper half.
uint64_t schedule();

}  // namespace sim
