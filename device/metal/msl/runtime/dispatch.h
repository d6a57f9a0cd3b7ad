// The exported functions: checks what a caller passes, then runs the grid.
// Included after the tables of kernels and function constants.
#pragma once
#include <stdlib.h>
#include <string.h>

#include "grid.h"

namespace msl {
// Generated: computes the constants that depend on function constants.
static void derive_constants();
}  // namespace msl

MSL_UNWATCHED_BEGIN
namespace msl {

static int check_constants(const msl_kernel* k) {
  for (uint32_t i = 0; i < k->constant_count; i++) {
    for (const msl_fconst* c = msl_fconsts; c->name; c++) {
      if (c->index == k->constants[i] && !*c->defined && !c->optional) {
        return fail(MSL_MISSING_CONSTANT, "%s: function constant %s (index %d) has no value", k->name, c->name,
                    c->index);
      }
    }
  }
  return MSL_OK;
}

static bool absent(const msl_argument& a) { return a.guard && !*a.guard; }

static int check_arguments(const msl_kernel* k, void* const* buffers, const uint32_t* threadgroup_bytes) {
  for (uint32_t i = 0; i < k->argument_count; i++) {
    const msl_argument& a = k->arguments[i];
    if (a.kind == MSL_BUILTIN || absent(a)) continue;
    if (a.kind == MSL_THREADGROUP && !threadgroup_bytes[a.index]) {
      return fail(MSL_MISSING_THREADGROUP, "%s: threadgroup memory %d (%s) has no length", k->name, a.index, a.name);
    }
    if (a.kind != MSL_BUFFER) continue;
    if (!buffers[a.index]) {
      return fail(MSL_MISSING_BUFFER, "%s: buffer %d (%s) is not bound", k->name, a.index, a.name);
    }
    if ((uintptr_t)buffers[a.index] % a.align) {
      return fail(MSL_MISALIGNED, "%s: buffer %d (%s) is not aligned to %u bytes", k->name, a.index, a.name, a.align);
    }
  }
  return MSL_OK;
}

static int check_grid(const msl_kernel* k, const uint32_t groups[3], const uint32_t per_group[3],
                      const uint32_t all[3]) {
  uint64_t n = 1;
  for (int i = 0; i < 3; i++) {
    n *= per_group[i] <= max_threads ? per_group[i] : max_threads + 1;
    if (!groups[i] || !all[i] || all[i] > (uint64_t)groups[i] * per_group[i] ||
        all[i] <= (uint64_t)(groups[i] - 1) * per_group[i]) {
      return fail(MSL_BAD_GRID, "%s: grid of %u,%u,%u threadgroups is empty or does not fit its threads", k->name,
                  groups[0], groups[1], groups[2]);
    }
  }
  if (n == 0 || n > k->max_threads) {
    return fail(MSL_BAD_GRID, "%s: %u,%u,%u threads in a threadgroup; 1 to %u are allowed", k->name, per_group[0],
                per_group[1], per_group[2], k->max_threads);
  }
  return MSL_OK;
}

static void set_group(const msl_kernel* k, void* const* buffers, const uint32_t groups[3],
                      const uint32_t per_group[3], const uint32_t* all, uint32_t order, uint32_t seed) {
  group.kernel = k;
  group.buffers = buffers;
  group.grid_groups = {groups[0], groups[1], groups[2]};
  group.group_threads = {per_group[0], per_group[1], per_group[2]};
  group.grid_threads = {all[0], all[1], all[2]};
  group.order = order;
  group.random = seed;
  group.failed = false;
}

// run_with_memory runs the grid with threadgroup memory of exactly the given
// sizes: address sanitizer guards what is around.
static int run_with_memory(const uint32_t* threadgroup_bytes, uint32_t seed) {
  void* memory[max_index] = {};
  group.dynamic_bytes = 0;
  for (uint32_t i = 0; i < max_index; i++) {
    group.dynamic_bytes += threadgroup_bytes[i];
    // Not aligned_alloc: under a sanitizer the size is to be exact.
    if (threadgroup_bytes[i] && posix_memalign(&memory[i], 16, threadgroup_bytes[i])) abort();
  }
  group.threadgroup = memory;
  run_grid(threadgroup_bytes, seed);
  for (void* m : memory) free(m);
  return status;
}

static int set_constants(const msl_job* job) {
  for (const msl_fconst* c = msl_fconsts; c->name; c++) {
    *c->defined = false;
    memset(c->value, 0, c->size);
    for (uint32_t i = 0; i < job->constant_count; i++) {
      const msl_binding& b = job->constants[i];
      if ((int32_t)b.index != c->index) continue;
      if (b.size != c->size) {
        return fail(MSL_CONSTANT_SIZE, "function constant %s (index %d) has %u bytes, not %llu", c->name, c->index,
                    c->size, (unsigned long long)b.size);
      }
      memcpy(c->value, b.data, c->size);
      *c->defined = true;
    }
  }
  return MSL_OK;
}

// check_sizes refuses buffers that are smaller than one element of what the
// kernel takes from them.
static int check_sizes(const msl_kernel* k, const uint64_t* sizes) {
  for (uint32_t i = 0; i < k->argument_count; i++) {
    const msl_argument& a = k->arguments[i];
    if (a.kind == MSL_BUFFER && !absent(a) && sizes[a.index] && sizes[a.index] < a.size) {
      return fail(MSL_SHORT_BUFFER, "%s: buffer %d (%s) has %llu bytes; one element has %u", k->name, a.index, a.name,
                  (unsigned long long)sizes[a.index], a.size);
    }
  }
  return MSL_OK;
}

static int run_job(const msl_kernel* k, const msl_job* job) {
  void* buffers[max_index] = {};
  uint64_t sizes[max_index] = {};
  uint32_t threadgroup_bytes[max_index] = {};
  for (uint32_t i = 0; i < job->buffer_count; i++) {
    buffers[job->buffers[i].index] = job->buffers[i].data;
    sizes[job->buffers[i].index] = job->buffers[i].size;
  }
  for (uint32_t i = 0; i < job->threadgroup_count; i++) {
    threadgroup_bytes[job->threadgroup[i].index] = (uint32_t)job->threadgroup[i].size;
  }
  if (set_constants(job)) return status;
  derive_constants();
  if (check_sizes(k, sizes)) return status;
  return msl_dispatch(k, buffers, threadgroup_bytes, job->groups, job->threads, nullptr, job->order, job->seed);
}

}  // namespace msl

extern "C" {

int msl_dispatch(const msl_kernel* kernel, void* const* buffers, const uint32_t* threadgroup_bytes,
                 const uint32_t groups[3], const uint32_t threads_per_group[3], const uint32_t* threads, uint32_t order,
                 uint32_t seed) {
  using namespace msl;
  const uint32_t* t = threads_per_group;
  uint32_t product[3] = {groups[0] * t[0], groups[1] * t[1], groups[2] * t[2]};
  if (!threads) threads = product;
  status = MSL_OK;
  derive_constants();
  if (check_grid(kernel, groups, t, threads) || check_constants(kernel) ||
      check_arguments(kernel, buffers, threadgroup_bytes)) {
    return status;
  }
  if (!group.stacks) group.stacks = map_stacks(max_threads);
  if (!group.stacks) return fail(MSL_BAD_GRID, "no memory for the stacks of %u threads", max_threads);
  set_group(kernel, buffers, groups, t, threads, order, seed);
  return run_with_memory(threadgroup_bytes, seed);
}

const char* msl_error() { return msl::error_text; }

int msl_run(const msl_job* job) {
  msl::status = MSL_OK;
  for (const msl_kernel* k = msl_kernels; k->name; k++) {
    if (!strcmp(k->name, job->kernel)) return msl::run_job(k, job);
  }
  return msl::fail(MSL_UNKNOWN_KERNEL, "no kernel is named %s", job->kernel);
}

}  // extern "C"
MSL_UNWATCHED_END
