// MTLComputeCommandEncoder.
#include "encoder.h"
#include "machine.h"
#include "pipeline.h"

namespace sim {

struct ComputeEncoder : Encoder {
  static constexpr const char* class_name = "MTLComputeCommandEncoder";
  std::unique_ptr<Dispatch> state{new Dispatch};  // of the next dispatch
  void dispose() override {
    state.reset();
    Encoder::dispose();
  }
};

static void set_pipeline(ComputeEncoder* e, Selector, Object* pipeline) {
  const char* what = "setComputePipelineState:";
  if (!e->usable(what)) return;
  auto p = as<Pipeline>(pipeline, what);
  if (!p) {
    violation("%s: no pipeline", what);
    return;
  }
  e->commands->reference(p);
  e->state->shader = p->shader;
}

static bool valid_index(const char* what, unsigned long index) {
  if (index >= binding_count) violation("%s: index %lu; the largest is %lu", what, index, binding_count - 1);
  return index < binding_count;
}

static void set_buffer(ComputeEncoder* e, Selector, Object* buffer, unsigned long offset, unsigned long index) {
  const char* what = "setBuffer:offset:atIndex:";
  if (!e->usable(what) || !valid_index(what, index)) return;
  e->state->buffers[index] = {};
  auto b = as<Buffer>(buffer, what);
  if (!b) return;  // nil unbinds
  if (offset >= b->memory->length) {
    violation("%s: offset %lu of a buffer of %zu bytes", what, offset, b->memory->length);
    return;
  }
  e->commands->reference(b);
  e->state->buffers[index] = {b->memory, offset, ""};
}

static void set_offset(ComputeEncoder* e, Selector, unsigned long offset, unsigned long index) {
  const char* what = "setBufferOffset:atIndex:";
  if (!e->usable(what) || !valid_index(what, index)) return;
  Binding& b = e->state->buffers[index];
  if (!b.memory || offset >= b.memory->length) {
    violation("%s: offset %lu, index %lu: no buffer of that size is set there", what, offset, index);
    return;
  }
  b.offset = offset;
}

static void set_bytes(ComputeEncoder* e, Selector, const char* bytes, unsigned long n, unsigned long index) {
  const char* what = "setBytes:length:atIndex:";
  if (!e->usable(what) || !valid_index(what, index)) return;
  if (!bytes || !n || n > 4096) {
    violation("%s: %lu bytes; allowed are 1 to 4096", what, n);
    return;
  }
  e->state->buffers[index] = {nullptr, 0, std::string(bytes, n)};
}

static void set_threadgroup_memory(ComputeEncoder* e, Selector, unsigned long n, unsigned long index) {
  const char* what = "setThreadgroupMemoryLength:atIndex:";
  if (!e->usable(what) || !valid_index(what, index)) return;
  unsigned long limit = machine().threadgroup_memory;
  if (n % 16 || n > limit) {
    violation("%s: %lu bytes; it has to be a multiple of 16, at most %lu", what, n, limit);
    return;
  }
  e->state->threadgroup[index] = n;
}

static bool valid_grid(const char* what, const Dispatch& d) {
  if (!d.shader) {
    violation("%s: no pipeline is set", what);
    return false;
  }
  const Size &g = d.groups, &t = d.threads;
  if (!g.width || !g.height || !g.depth || !t.width || !t.height || !t.depth) {
    violation("%s: empty grid of %lux%lux%lu threadgroups of %lux%lux%lu threads", what, g.width, g.height, g.depth, t.width, t.height, t.depth);
    return false;
  }
  unsigned long limit = max_threads(*d.shader);
  if (t.width > limit || t.height > limit || t.depth > limit || t.product() > limit) {
    violation("%s: %lux%lux%lu threads per threadgroup; the limit of %s is %lu", what, t.width, t.height, t.depth, d.kernel().c_str(), limit);
    return false;
  }
  return true;
}

// valid_arguments looks at what only binding can tell; what a kernel misses is
// for its own library to say, which knows its function constants.
static bool valid_arguments(const char* what, const Dispatch& d) {
  unsigned long total = 0;
  const msl_kernel* k = d.shader->kernel;
  for (uint32_t i = 0; i < k->argument_count; i++) {
    const msl_argument& a = k->arguments[i];
    if (a.kind == MSL_THREADGROUP && valid_index(what, a.index)) total += d.threadgroup[a.index];
    if (a.kind == MSL_BUFFER && a.writable && valid_index(what, a.index) && !d.buffers[a.index].bytes.empty())
      violation("%s: argument %s of %s can be written, but was set with setBytes", what, a.name, k->name);
  }
  unsigned long limit = machine().threadgroup_memory;
  if (total > limit) violation("%s: %lu bytes of threadgroup memory for %s; the limit is %lu", what, total, k->name, limit);
  return total <= limit;
}

static void dispatch_threadgroups(ComputeEncoder* e, Selector, Size groups, Size threads) {
  const char* what = "dispatchThreadgroups:threadsPerThreadgroup:";
  if (!e->usable(what)) return;
  e->state->groups = groups;
  e->state->threads = threads;
  if (!valid_grid(what, *e->state) || !valid_arguments(what, *e->state)) return;
  e->append({std::make_shared<const Dispatch>(*e->state), nullptr, {}});
}

static void memory_barrier(ComputeEncoder* e, Selector, unsigned long scope) {
  const char* what = "memoryBarrierWithScope:";
  if (!e->usable(what)) return;
  constexpr unsigned long buffers = 1, textures = 2;
  if (!scope || scope & ~(buffers | textures)) violation("%s: scope %lu", what, scope);
  if (scope & buffers) e->append({});
}

static Object* open_compute(CommandBuffer* c, bool concurrent) {
  return open_encoder<ComputeEncoder>(c, "computeCommandEncoder", concurrent);
}

[[maybe_unused]] static const bool compute_methods = [] {
  const char* c = ComputeEncoder::class_name;
  method(c, "setComputePipelineState:", set_pipeline);
  method(c, "setBuffer:offset:atIndex:", set_buffer);
  method(c, "setBufferOffset:atIndex:", set_offset);
  method(c, "setBytes:length:atIndex:", set_bytes);
  method(c, "setThreadgroupMemoryLength:atIndex:", set_threadgroup_memory);
  method(c, "dispatchThreadgroups:threadsPerThreadgroup:", dispatch_threadgroups);
  method(c, "memoryBarrierWithScope:", memory_barrier);
  method(c, "endEncoding", +[](ComputeEncoder* e, Selector) { e->end(); });
  const char* commands = CommandBuffer::class_name;
  method(commands, "computeCommandEncoder", +[](CommandBuffer* c, Selector) { return open_compute(c, false); });
  method(commands, "computeCommandEncoderWithDispatchType:", +[](CommandBuffer* c, Selector, unsigned long type) {
    if (type > 1) violation("computeCommandEncoderWithDispatchType: type %lu", type);
    return open_compute(c, type == 1);
  });
  return true;
}();

}  // namespace sim
