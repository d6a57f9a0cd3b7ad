// Barriers, and what a thread knows of its place.
#pragma once
#include "group.h"
#include "vector.h"

namespace metal {

enum class mem_flags : uint {
  mem_none = 0,
  mem_device = 1,
  mem_threadgroup = 2,
  mem_texture = 4,
};
constexpr mem_flags operator|(mem_flags a, mem_flags b) { return (mem_flags)((uint)a | (uint)b); }

MSL_FN void threadgroup_barrier(mem_flags flags, msl::Site site = MSL_HERE) {
  msl::wait_for_group(flags != mem_flags::mem_none, site);
}

MSL_FN void simdgroup_barrier(mem_flags flags, msl::Site site = MSL_HERE) {
  msl::wait_for_simdgroup(flags != mem_flags::mem_none, site);
}

}  // namespace metal

MSL_UNWATCHED_BEGIN
namespace msl::builtin {

// Each is named as its attribute.
static inline Size thread_position_in_threadgroup() { return current->position; }
static inline Size threadgroup_position_in_grid() { return group.position; }
static inline Size threadgroups_per_grid() { return group.grid_groups; }
static inline Size threads_per_grid() { return group.grid_threads; }
static inline Size dispatch_threads_per_threadgroup() { return group.group_threads; }
static inline Size thread_position_in_grid() {
  Size g = group.position, n = group.group_threads, t = current->position;
  return {g.x * n.x + t.x, g.y * n.y + t.y, g.z * n.z + t.z};
}
// The group's own size: less than was asked for at the edge of a grid.
static inline Size threads_per_threadgroup() {
  Size g = group.position, n = group.group_threads, all = group.grid_threads;
  uint x = all.x - g.x * n.x, y = all.y - g.y * n.y, z = all.z - g.z * n.z;
  return {x < n.x ? x : n.x, y < n.y ? y : n.y, z < n.z ? z : n.z};
}
static inline uint thread_index_in_threadgroup() { return current->index; }
static inline uint thread_index_in_simdgroup() { return current->lane; }
static inline uint simdgroup_index_in_threadgroup() { return current->simdgroup; }
static inline uint threads_per_simdgroup() { return lanes; }
static inline uint thread_execution_width() { return lanes; }
static inline uint simdgroups_per_threadgroup() { return (group.count + lanes - 1) / lanes; }
static inline uint dispatch_simdgroups_per_threadgroup() {
  Size n = group.group_threads;
  return (n.x * n.y * n.z + lanes - 1) / lanes;
}

}  // namespace msl::builtin
MSL_UNWATCHED_END
