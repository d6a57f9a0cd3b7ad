#include "dispatch.h"

#include <cstdio>
#include <cstring>

#include "machine.h"
#include "slots.h"
#include "trap.h"

namespace sim {

std::vector<Use> uses(const Dispatch& d) {
  std::vector<Use> all;
  const msl_kernel* k = d.shader->kernel;
  for (uint32_t i = 0; i < k->argument_count; i++) {
    const msl_argument& a = k->arguments[i];
    if (a.kind != MSL_BUFFER || (unsigned)a.index >= binding_count) continue;
    const Binding& b = d.buffers[a.index];
    if (b.memory) all.push_back({b.memory, b.offset, a.writable != 0, a.name});
  }
  return all;
}

static thread_local Slots slots;

// Job is a dispatch as the shader's library takes it, with what that points to.
struct Job {
  msl_job job{};
  std::vector<msl_binding> constants, buffers, threadgroup;

  explicit Job(const Dispatch& d);
  void bind(const Binding& b, uint32_t index);
};

void Job::bind(const Binding& b, uint32_t index) {
  if (b.memory) buffers.push_back({b.memory->start + b.offset, b.memory->length - b.offset, index, 0});
  if (!b.bytes.empty()) buffers.push_back({slots.put(index, b.bytes), b.bytes.size(), index, 0});
}

Job::Job(const Dispatch& d) {
  const msl_kernel* k = d.shader->kernel;
  for (const auto& [index, value] : d.shader->constants)
    constants.push_back({(void*)value.data(), value.size(), (uint32_t)index, 0});
  for (uint32_t i = 0; i < k->argument_count; i++) {
    const msl_argument& a = k->arguments[i];
    if (a.kind == MSL_BUILTIN || (unsigned)a.index >= binding_count) continue;
    if (a.kind == MSL_BUFFER) bind(d.buffers[a.index], a.index);
    if (a.kind == MSL_THREADGROUP && d.threadgroup[a.index])
      threadgroup.push_back({nullptr, d.threadgroup[a.index], (uint32_t)a.index, 0});
  }
  uint64_t order = schedule();
  job = {k->name, constants.data(), buffers.data(), threadgroup.data(),
         (uint32_t)constants.size(), (uint32_t)buffers.size(), (uint32_t)threadgroup.size(),
         {(uint32_t)d.groups.width, (uint32_t)d.groups.height, (uint32_t)d.groups.depth},
         {(uint32_t)d.threads.width, (uint32_t)d.threads.height, (uint32_t)d.threads.depth},
         (uint32_t)order, (uint32_t)(order >> 32)};
}

// where_bytes says which bytes an access was behind, or "".
static std::string where_bytes(const Dispatch& d, void* at) {
  const msl_kernel* k = d.shader->kernel;
  for (uint32_t i = 0; i < k->argument_count; i++) {
    if (k->arguments[i].kind == MSL_BUFFER && slots.behind(k->arguments[i].index, at))
      return std::string(" accessed memory behind the bytes of ") + k->arguments[i].name;
  }
  return "";
}

// where says what a kernel's faulting access was next to.
static std::string where(const Dispatch& d, void* at) {
  for (const Use& u : uses(d)) {
    long beyond = (char*)at - (u.memory->start + u.memory->length);
    if (beyond >= 0 && beyond < (long)(2 * page))
      return " accessed memory " + std::to_string(beyond) + " bytes behind the end of the buffer of " + u.argument;
  }
  if (auto bytes = where_bytes(d, at); !bytes.empty()) return bytes;
  char text[64];
  snprintf(text, sizeof text, " accessed memory at %p, far from its buffers", at);
  return text;
}

std::string run(const Dispatch& d) {
  Module* m = d.shader->module;
  Job j(d);
  std::lock_guard<std::mutex> lock(m->lock);
  int status = 0;
  if (void* at = trapped([&] { status = m->run(&j.job); })) return "kernel " + d.kernel() + where(d, at);
  if (status) return "kernel " + d.kernel() + ": " + m->error();
  for (const Use& u : uses(d)) {
    if (u.written && u.memory->mend_slack())
      return "kernel " + d.kernel() + " wrote behind the end of the buffer of " + u.argument;
  }
  return "";
}

}  // namespace sim
