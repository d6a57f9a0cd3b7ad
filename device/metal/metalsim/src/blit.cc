// MTLBlitCommandEncoder, for buffers.
#include <cstring>

#include "encoder.h"

namespace sim {

struct BlitEncoder : Encoder {
  static constexpr const char* class_name = "MTLBlitCommandEncoder";
};

// part returns a buffer with so many bytes from an offset on, or nil. On macOS
// all numbers are multiples of 4.
static Buffer* part(BlitEncoder* e, const char* what, Object* o, unsigned long offset, unsigned long n) {
  if (!e->usable(what)) return nullptr;
  auto b = as<Buffer>(o, what);
  if (!b || !n || offset % 4 || n % 4 || offset > b->memory->length || n > b->memory->length - offset) {
    violation("%s: %lu bytes at %lu of a buffer of %zu; all have to be multiples of 4", what, n, offset, b ? b->memory->length : 0);
    return nullptr;
  }
  e->commands->reference(b);
  return b;
}

static void fill(BlitEncoder* e, Selector, Object* buffer, unsigned long from, unsigned long n, uint8_t value) {
  auto b = part(e, "fillBuffer:range:value:", buffer, from, n);
  if (!b) return;
  auto m = b->memory;
  e->append({nullptr, [=] { memset(m->start + from, value, n); }, {m}});
}

static void copy(BlitEncoder* e, Selector, Object* from, unsigned long from_offset, Object* to, unsigned long to_offset, unsigned long n) {
  const char* what = "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:";
  auto a = part(e, what, from, from_offset, n);
  auto b = a ? part(e, what, to, to_offset, n) : nullptr;
  if (!b) return;
  if (a == b && from_offset < to_offset + n && to_offset < from_offset + n) violation("%s: the parts overlap", what);
  auto source = a->memory, target = b->memory;
  e->append({nullptr, [=] { memmove(target->start + to_offset, source->start + from_offset, n); }, {source, target}});
}

[[maybe_unused]] static const bool blit_methods = [] {
  const char* c = BlitEncoder::class_name;
  method(c, "fillBuffer:range:value:", fill);
  method(c, "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:", copy);
  method(c, "endEncoding", +[](BlitEncoder* e, Selector) { e->end(); });
  method(CommandBuffer::class_name, "blitCommandEncoder", +[](CommandBuffer* c, Selector) -> Object* {
    return open_encoder<BlitEncoder>(c, "blitCommandEncoder", false);
  });
  return true;
}();

}  // namespace sim
