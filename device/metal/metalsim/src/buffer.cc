#include "buffer.h"

#include <sys/mman.h>

#include <atomic>
#include <cstring>

#include "fault.h"
#include "machine.h"

namespace sim {

constexpr char slack_byte = (char)0xa5;

static std::atomic<unsigned long> allocated{0};

unsigned long allocated_bytes() { return allocated; }

Memory::~Memory() {
  if (counted) allocated -= length;
  if (mapped) munmap(start - shift, mapped);
}

bool Memory::mend_slack() {
  bool spoiled = false;
  for (size_t i = length; shift + i + page < mapped; i++) {
    spoiled |= start[i] != slack_byte;
    start[i] = slack_byte;
  }
  return spoiled;
}

// The memory ends before a page without access: an overrun that reaches it is
// a crash, not a silent success; a shorter one changes the slack.
std::shared_ptr<Memory> map_memory(size_t length) {
  size_t shift = machine().buffer_shift;
  size_t used = (shift + length + page - 1) / page * page;
  void* start = mmap(nullptr, used + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  mprotect((char*)start + used, page, PROT_NONE);
  auto m = std::make_shared<Memory>();
  m->start = (char*)start + shift;
  m->length = length;
  m->mapped = used + page;
  m->shift = shift;
  memset(m->start + length, slack_byte, used - shift - length);
  return m;
}

void Buffer::dispose() {
  if (!memory->mapped) {
    std::unique_lock lock(memory->in_use);
    memory->gone = true;
  }
  memory.reset();
}

static bool too_long(unsigned long length) {
  auto m = machine();
  return length > m.max_buffer || allocated + length > 2 * m.memory;
}

static Object* buffer_over(std::shared_ptr<Memory> memory, unsigned long options) {
  allocated += memory->length;
  memory->counted = true;
  auto b = make<Buffer>();
  b->memory = std::move(memory);
  b->options = options;
  return b;
}

static bool valid_options(const char* what, unsigned long options) {
  // Between encoders the simulator looks for no hazards: Metal tracks them.
  if ((options >> 8 & 3) == 1) violation("%s: the simulator knows no untracked buffers", what);
  if ((options >> 4 & 15) <= 2 && (options & ~0x3fful) == 0) return true;
  violation("%s: resource options %#lx are no storage mode of a buffer", what, options);
  return false;
}

Object* new_buffer(unsigned long length, unsigned long options) {
  const char* what = "newBufferWithLength:options:";
  if (!length) {
    violation("%s: length 0", what);
    return nullptr;
  }
  if (!valid_options(what, options) || too_long(length) || fails(Point::buffer)) return nullptr;
  auto m = map_memory(length);
  if (!m) return nullptr;
  return buffer_over(std::move(m), options);
}

Object* new_buffer_no_copy(void* start, unsigned long length, unsigned long options, Block* deallocator) {
  const char* what = "newBufferWithBytesNoCopy:length:options:deallocator:";
  if (!start || (uintptr_t)start % page || !length || length % page) {
    violation("%s: pointer %p and length %lu have to be multiples of the page size %lu", what, start, length, page);
    return nullptr;
  }
  if ((options >> 4 & 15) != 0) violation("%s: the storage mode has to be shared", what);
  if (deallocator) violation("%s: the simulator knows no deallocators", what);
  if (too_long(length) || fails(Point::buffer)) return nullptr;
  auto m = std::make_shared<Memory>();
  m->start = (char*)start;
  m->length = length;
  return buffer_over(std::move(m), options);
}

static Object* new_buffer_with_bytes(Object*, Selector, const void* bytes, unsigned long length, unsigned long options) {
  auto b = static_cast<Buffer*>(new_buffer(length, options));
  if (b) memcpy(b->memory->start, bytes, length);
  return b;
}

static void* contents(Buffer* b, Selector) {
  if ((b->options >> 4 & 15) != 2) return b->memory->start;
  violation("contents of a buffer with private storage");
  return nullptr;
}

[[maybe_unused]] static const bool buffer_methods = [] {
  const char* c = Buffer::class_name;
  method(c, "contents", contents);
  method(c, "length", +[](Buffer* b, Selector) { return (unsigned long)b->memory->length; });
  method(c, "allocatedSize", +[](Buffer* b, Selector) { return (unsigned long)b->memory->length; });
  method(c, "storageMode", +[](Buffer* b, Selector) { return b->options >> 4 & 15; });
  method(c, "didModifyRange:", +[](Buffer*, Selector, unsigned long, unsigned long) {});
  method("MTLDevice", "newBufferWithLength:options:",
         +[](Object*, Selector, unsigned long n, unsigned long o) { return new_buffer(n, o); });
  method("MTLDevice", "newBufferWithBytes:length:options:", new_buffer_with_bytes);
  method("MTLDevice", "newBufferWithBytesNoCopy:length:options:deallocator:",
         +[](Object*, Selector, void* p, unsigned long n, unsigned long o, Block* d) { return new_buffer_no_copy(p, n, o, d); });
  return true;
}();

}  // namespace sim
