// The state of the threadgroup that runs: its threads, simdgroups and grid.
#pragma once
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "fiber.h"
#include "msl_abi.h"

MSL_UNWATCHED_BEGIN
namespace msl {

constexpr uint32_t max_threads = 1024;
constexpr uint32_t lanes = 32;
constexpr uint32_t max_index = 31;  // of buffers and of threadgroup memory
constexpr size_t max_threadgroup_bytes = 32 << 10;

struct Size {
  uint32_t x, y, z;
};

// A place in the shader's source, as #line has it.
struct Site {
  const char* file;
  uint32_t line;
  bool operator==(const Site& o) const { return file == o.file && line == o.line; }
};
// As a default argument this is where the caller stands.
#define MSL_HERE                           \
  msl::Site {                              \
    __builtin_FILE(), __builtin_LINE()     \
  }

enum class State : uint8_t { ready, at_barrier, at_simdgroup, ended };

struct Thread {
  void* stack_pointer;
  void* fiber;  // the thread sanitizer's
  uint32_t index, lane, simdgroup;
  uint32_t simdgroup_barriers;  // that it passed
  Size position;
};

// A simdgroup function is a meeting: each lane brings the address of its
// operand, and the last to arrive combines the operands of all.
using Combine = void (*)(void* const* operands, uint32_t active);

struct Meeting {
  void* operand;
  Combine combine;
  Site site;
  bool operator==(const Meeting& o) const { return combine == o.combine && site == o.site; }
};

struct Simdgroup {
  uint32_t live, waiting;  // a bit for each lane
  Meeting meeting[lanes];
};

struct Group {
  // of a dispatch
  const msl_kernel* kernel;
  void* const* buffers;
  void* const* threadgroup;
  Size grid_groups, group_threads, grid_threads;
  uint32_t order, random;
  size_t dynamic_bytes;  // threadgroup memory whose size the caller gave
  // of a threadgroup
  Size position;
  uint64_t serial;
  uint32_t count, live, waiting;
  Site barrier_site;
  uint32_t barrier_generation;
  size_t static_bytes;
  bool failed;
  void* host_stack;
  void* host_fiber;
  char* stacks;
  // what the thread sanitizer synchronises on
  char barrier[2], simdgroup_barrier[lanes][2], end;
};

static Group group;
static Thread threads[max_threads];
static State states[max_threads];
static Simdgroup simdgroups[max_threads / lanes];
static Thread* current;
static int status;
static char error_text[512];

__attribute__((format(printf, 2, 3))) static int fail(int code, const char* format, ...) {
  status = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error_text, sizeof error_text, format, arguments);
  va_end(arguments);
  return code;
}

}  // namespace msl
MSL_UNWATCHED_END
