// Page faults of kernels: an access far outside of all buffers ends the
// dispatch instead of the process.
#pragma once
#include <csetjmp>
#include <string>

namespace sim {

// Trap is in force on its thread while it exists, in place of any outer one.
struct Trap {
  Trap();
  ~Trap();
  sigjmp_buf back;
  Trap* outer;
};

void* fault_address();

// trapped calls f and returns the address at which it faulted, or nil. What f
// holds at that time is lost.
template <class F>
void* trapped(F f) {
  Trap trap;
  if (sigsetjmp(trap.back, 1)) return fault_address();
  f();
  return nullptr;
}

// SignalStack lets its thread survive the overflow of a kernel's stack.
struct SignalStack {
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  void* memory;
};

}  // namespace sim
