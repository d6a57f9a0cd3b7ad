// One threadgroup: a fiber for each GPU thread. A thread runs until it meets
// the others at a barrier or at a simdgroup function, or ends. Which thread
// goes on then is the schedule's choice and always the same for one schedule,
// so a missing barrier shows as a wrong result, again and again.
#pragma once
#include "state.h"

namespace msl {
// Generated: the place of a file among those that make up the source.
static uint32_t file_rank(const char* file);
}  // namespace msl

MSL_UNWATCHED_BEGIN
namespace msl {

// resume leaves the current thread for the host.
static void resume_host() {
  void* abandoned;
  sanitizer::switch_to(group.host_fiber);
  msl_fiber_switch(&abandoned, group.host_stack);
}

// fault ends the dispatch: the thread never goes on.
static void fault(int code, const char* what, Site site) {
  const Size& g = group.position;
  fail(code, "%s:%u: %s (threadgroup %u,%u,%u thread %u)", site.file, site.line, what, g.x, g.y, g.z, current->index);
  group.failed = true;
  resume_host();
}

// ready_after returns the ready thread that is next after i among the size
// threads from begin on, or -1.
static int ready_after(uint32_t i, uint32_t begin, uint32_t size) {
  for (uint32_t k = 1; k <= size; k++) {
    uint32_t step = group.order == MSL_REVERSE ? size - k % size : k;
    uint32_t next = begin + (i - begin + step) % size;
    if (states[next] == State::ready) return (int)next;
  }
  return -1;
}

// pick_random returns a ready thread, or -1.
static int pick_random() {
  group.random = group.random * 1664525u + 1013904223u;
  return ready_after((group.random >> 8) % group.count, 0, group.count);
}

// pick_first returns the thread that goes first when all are ready.
static int pick_first() {
  if (group.order == MSL_RANDOM) return pick_random();
  return group.order == MSL_REVERSE ? (int)group.count - 1 : 0;
}

// pick returns the thread that goes on after the current one: of its own
// simdgroup if one can.
static int pick() {
  if (group.order == MSL_RANDOM) return pick_random();
  uint32_t i = current->index, begin = i / lanes * lanes;
  uint32_t size = group.count - begin < lanes ? group.count - begin : lanes;
  int next = ready_after(i, begin, size);
  return next >= 0 ? next : ready_after(i, 0, group.count);
}

// before reports whether a comes before b in the whole source.
static bool before(const Site& a, const Site& b) {
  return a.file == b.file ? a.line < b.line : file_rank(a.file) < file_rank(b.file);
}

// earliest returns the waiting lane whose meeting comes first in the source: in
// divergent flow lanes that are behind catch up before they all meet again.
static uint32_t earliest(const Simdgroup& s) {
  uint32_t lane = __builtin_ctz(s.waiting);
  for (uint32_t i = lane + 1; i < lanes; i++) {
    if ((s.waiting >> i & 1) && before(s.meeting[i].site, s.meeting[lane].site)) lane = i;
  }
  return lane;
}

// complete ends the earliest meeting, for all lanes that stand at it.
static void complete(Simdgroup& s) {
  uint32_t lane = earliest(s);
  void* operands[lanes] = {};
  uint32_t active = 0;
  for (uint32_t i = 0; i < lanes; i++) {
    if ((s.waiting >> i & 1) && s.meeting[i] == s.meeting[lane]) {
      active |= 1u << i;
      operands[i] = s.meeting[i].operand;
    }
  }
  sanitizer::ignore_begin();
  s.meeting[lane].combine(operands, active);
  sanitizer::ignore_end();
  uint32_t first = (uint32_t)(&s - simdgroups) * lanes;
  for (uint32_t i = 0; i < lanes; i++) {
    if (active >> i & 1) states[first + i] = State::ready;
  }
  s.waiting &= ~active;
}

// complete_divergent ends a meeting that not all lanes attend, once no thread
// can go on otherwise: a simdgroup function in divergent flow is for the lanes
// that reached it.
static bool complete_divergent() {
  for (uint32_t i = 0; i * lanes < group.count; i++) {
    if (simdgroups[i].waiting) {
      complete(simdgroups[i]);
      return true;
    }
  }
  return false;
}

static void switch_threads(int next) {
  Thread* from = current;
  Thread* to = &threads[next];
  if (from == to) return;
  current = to;
  sanitizer::switch_to(to->fiber);
  msl_fiber_switch(&from->stack_pointer, to->stack_pointer);
}

// yield gives the turn to the next thread, or to whoever can go on if that is -1.
static void yield(int next) {
  if (next < 0 && complete_divergent()) next = pick();
  if (next >= 0) return switch_threads(next);
  if (group.live) {
    const Size& g = group.position;
    fail(MSL_BARRIER, "%s:%u: threadgroup_barrier reached by %u of %u threads (threadgroup %u,%u,%u)",
         group.barrier_site.file, group.barrier_site.line, group.waiting, group.count, g.x, g.y, g.z);
    group.failed = true;
  }
  resume_host();
}

static void open_barrier() {
  for (uint32_t i = 0; i < group.count; i++) states[i] = State::ready;
  group.waiting = 0;
  group.barrier_generation++;
}

// wait_for_group is threadgroup_barrier. ordered: it orders memory, too.
__attribute__((noinline, convergent)) static void wait_for_group(bool ordered, Site site) {
  // Two objects in turn: a fast thread may already stand at the next barrier.
  char* object = &group.barrier[group.barrier_generation & 1];
  if (ordered) sanitizer::release(object);
  if (group.waiting && !(group.barrier_site == site)) {
    fault(MSL_BARRIER, "threadgroup_barrier, while other threads of the group stand at another one", site);
  }
  group.barrier_site = site;
  states[current->index] = State::at_barrier;
  if (++group.waiting == group.count) {
    open_barrier();
    yield(pick_first());
  } else {
    yield(pick());
  }
  if (ordered) sanitizer::acquire(object);
}

// meet is every simdgroup function.
__attribute__((noinline, convergent)) static void meet(void* operand, Combine combine, Site site) {
  Thread* t = current;
  Simdgroup& s = simdgroups[t->simdgroup];
  s.meeting[t->lane] = {operand, combine, site};
  s.waiting |= 1u << t->lane;
  states[t->index] = State::at_simdgroup;
  if (s.waiting == s.live) complete(s);
  if (states[t->index] != State::ready) yield(pick());
}

static void combine_nothing(void* const*, uint32_t) {}

// wait_for_simdgroup is simdgroup_barrier.
__attribute__((noinline, convergent)) static void wait_for_simdgroup(bool ordered, Site site) {
  char* object = &group.simdgroup_barrier[current->simdgroup][current->simdgroup_barriers++ & 1];
  if (ordered) sanitizer::release(object);
  meet(nullptr, combine_nothing, site);
  if (ordered) sanitizer::acquire(object);
}

static void end_thread() {
  sanitizer::release(&group.end);  // the host sees all that the threads did
  Simdgroup& s = simdgroups[current->simdgroup];
  states[current->index] = State::ended;
  group.live--;
  s.live &= ~(1u << current->lane);
  if (s.live && s.waiting == s.live) complete(s);
  yield(pick());
}

static void poison(void* memory, size_t size) {
  unsigned char* bytes = (unsigned char*)memory;
  for (size_t i = 0; i < size; i++) bytes[i] = 0xff;
}

// threadgroup_variable is called by every thread after the declaration of a
// threadgroup variable. The first fills it with NaN: it has no value yet.
static void threadgroup_variable(void* memory, size_t size, uint64_t& serial, Site site = MSL_HERE) {
  if (serial == group.serial) return;
  serial = group.serial;
  poison(memory, size);
  group.static_bytes += size;
  if (group.static_bytes + group.dynamic_bytes > max_threadgroup_bytes) {
    fault(MSL_THREADGROUP_MEMORY, "the kernel uses more than 32768 bytes of threadgroup memory", site);
  }
}

}  // namespace msl
MSL_UNWATCHED_END
