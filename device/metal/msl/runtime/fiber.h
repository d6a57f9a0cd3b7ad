// Fibers: stacks of their own, and a switch between them. A switch saves the
// registers that the C calling convention says a function keeps.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "sanitizer.h"

extern "C" __attribute__((visibility("hidden"))) void msl_fiber_switch(void** save, void* load);

// In assembly at file scope, so that the compiler must assume that a switch
// changes all memory.
#if defined(__x86_64__)
asm(R"(
.text
.hidden msl_fiber_switch
.globl msl_fiber_switch
.type msl_fiber_switch,@function
msl_fiber_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
.size msl_fiber_switch, .-msl_fiber_switch
)");
#elif defined(__aarch64__)
asm(R"(
.text
.hidden msl_fiber_switch
.globl msl_fiber_switch
.type msl_fiber_switch,%function
msl_fiber_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size msl_fiber_switch, .-msl_fiber_switch
)");
#else
#error "msl: fibers are written for x86-64 and aarch64 only"
#endif

MSL_UNWATCHED_BEGIN
namespace msl {

constexpr size_t stack_bytes = 256 << 10;
constexpr size_t guard_bytes = 64 << 10;  // a page of any size: an overflow faults instead of spoiling the neighbour

// map_stacks returns memory for count stacks. Every 32nd has a guard at its low
// end: all threads run the same code, so an overflow hits one of those, too, and
// a process may have 65530 mappings in all, for dozens of libraries.
static char* map_stacks(size_t count) {
  void* memory = mmap(nullptr, count * stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  char* stacks = (char*)memory;
  for (size_t i = 0; i < count; i += 32) mprotect(stacks + i * stack_bytes, guard_bytes, PROT_NONE);
  return stacks;
}

static void unmap_stacks(char* stacks, size_t count) {
  if (stacks) munmap(stacks, count * stack_bytes);
}

// new_frame prepares a stack so that the first switch to it calls entry, and
// returns what to load. i is the number of the stack: stacks start at different
// cache sets.
static void* new_frame(char* stacks, size_t i, void (*entry)()) {
  char* top = stacks + (i + 1) * stack_bytes - 64 - i % 64 * 64;
#if defined(__x86_64__)
  void** frame = (void**)top - 8;  // six registers, the return address, an empty word
  for (int k = 0; k < 8; k++) frame[k] = nullptr;
  frame[6] = (void*)entry;
#else
  void** frame = (void**)top - 20;
  for (int k = 0; k < 20; k++) frame[k] = nullptr;
  frame[11] = (void*)entry;  // x30
#endif
  return frame;
}

}  // namespace msl
MSL_UNWATCHED_END
