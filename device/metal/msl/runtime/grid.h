// The grid: threadgroups one after another, in the order of the schedule.
#pragma once
#include "group.h"

MSL_UNWATCHED_BEGIN

extern "C" __attribute__((used, noinline, visibility("hidden"))) void msl_thread_main() {
  msl::group.kernel->launch(msl::group.buffers, msl::group.threadgroup);
  msl::end_thread();
  __builtin_trap();
}

namespace msl {

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

// forget_stacks gives the stacks' memory back when the library is closed.
__attribute__((destructor)) static void forget_stacks() { unmap_stacks(group.stacks, max_threads); }

// start_threads makes the threads of the group at group.position.
static void start_threads() {
  const Size& at = group.position;
  const Size& full = group.group_threads;
  const Size& all = group.grid_threads;
  Size edge = {least(all.x - at.x * full.x, full.x), least(all.y - at.y * full.y, full.y),
               least(all.z - at.z * full.z, full.z)};
  group.count = group.live = edge.x * edge.y * edge.z;
  for (uint32_t i = 0; i < max_threads / lanes; i++) simdgroups[i].live = simdgroups[i].waiting = 0;
  for (uint32_t i = 0; i < group.count; i++) {
    Thread& t = threads[i];
    t.index = i;
    t.lane = i % lanes;
    t.simdgroup = i / lanes;
    t.simdgroup_barriers = 0;
    t.position = {i % edge.x, i / edge.x % edge.y, i / (edge.x * edge.y)};
    t.stack_pointer = new_frame(group.stacks, i, msl_thread_main);
    t.fiber = sanitizer::create_fiber();
    states[i] = State::ready;
    simdgroups[t.simdgroup].live |= 1u << t.lane;
  }
}

static void poison_threadgroup(const uint32_t* bytes) {
  for (uint32_t i = 0; i < max_index; i++) poison(group.threadgroup[i], bytes[i]);
}

static void run_group(Size position) {
  group.position = position;
  group.serial++;
  group.waiting = 0;
  group.static_bytes = 0;
  start_threads();
  current = &threads[pick_first()];
  group.host_fiber = sanitizer::this_fiber();
  sanitizer::switch_to(current->fiber);
  msl_fiber_switch(&group.host_stack, current->stack_pointer);
  sanitizer::acquire(&group.end);
  for (uint32_t i = 0; i < group.count; i++) sanitizer::destroy_fiber(threads[i].fiber);
  if (group.failed) sanitizer::forget_frames(group.stacks, max_threads * stack_bytes);
}

// nth returns which group runs as the i-th of n: groups may not depend on
// their order, so the schedules differ in it.
static uint64_t nth(uint64_t i, uint64_t n, uint32_t seed) {
  switch (group.order) {
    case MSL_REVERSE: return n - 1 - i;
    case MSL_RANDOM: return (i + seed) % n;
  }
  return i;
}

static int run_grid(const uint32_t* threadgroup_bytes, uint32_t seed) {
  const Size& g = group.grid_groups;
  uint64_t n = (uint64_t)g.x * g.y * g.z;
  for (uint64_t i = 0; i < n && !group.failed; i++) {
    uint64_t k = nth(i, n, seed);
    poison_threadgroup(threadgroup_bytes);
    run_group({(uint32_t)(k % g.x), (uint32_t)(k / g.x % g.y), (uint32_t)(k / g.x / g.y)});
  }
  return status;
}

}  // namespace msl
MSL_UNWATCHED_END
