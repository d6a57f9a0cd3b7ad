// Threads that share a row, and what they know of it together.

// Team is threads of a threadgroup, a power of two and whole SIMD groups.
struct Team {
  uint index, size; // of this thread, of the team
  uint first;       // thread of the threadgroup
  uint lane;        // of this thread in its SIMD group
};

inline Team teamOf(uint3 place, uint3 size, uint lane) {
  return Team{place.x, size.x, place.y * size.x, lane};
}

// Where the sums of SIMD groups are, after all their maxima: so nobody has to
// wait before a sum is written.
constant uint sumsAt = 32;

// lowest is the maximum of nothing. Unlike -INFINITY it can be subtracted from
// -INFINITY.
constant float lowest = -FLT_MAX;

struct Max {
  static inline float of(float a, float b) { return b > a ? b : a; }
};

struct Sum {
  static inline float of(float a, float b) { return a + b; }
};

// maxOf passes over NaNs in v; they show up in the sum.
inline float4 maxOf(float4 most, float4 v) { return select(most, v, v > most); }
inline float maxOf(float4 v) { return Max::of(Max::of(v.x, v.y), Max::of(v.z, v.w)); }
inline float4 expOf(float4 v) {
  return float4(precise::exp(v.x), precise::exp(v.y), precise::exp(v.z), precise::exp(v.w));
}
inline float sumOf(float4 v) { return (v.x + v.y) + (v.z + v.w); }

// tree joins the values of a team in threadgroup memory, which has a float for
// each thread of the threadgroup.
template <typename Join>
inline float tree(Team team, float value, threadgroup float* shared) {
  threadgroup float* mine = shared + team.first + team.index;
  threadgroup_barrier(mem_flags::mem_threadgroup); // the last result was read
  *mine = value;
  for (uint reach = team.size / 2; reach > 0; reach /= 2) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (team.index < reach) {
      *mine = Join::of(mine[0], mine[reach]);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return shared[team.first];
}

// gather gives lane i the value of the team's SIMD group i, or none.
inline float gather(Team team, float value, float none, threadgroup float* shared) {
  if (team.lane == 0) {
    shared[(team.first + team.index) / 32] = value;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return team.lane < team.size / 32 ? shared[team.first / 32 + team.lane] : none;
}

// teamMax returns the greatest value of a team, none of which is NaN. All
// threads of the threadgroup call it, once.
inline float teamMax(Team team, float value, threadgroup float* shared) {
  if (!simd_reduction) {
    return tree<Max>(team, value, shared);
  }
  value = simd_max(value);
  return team.size == 32 ? value : simd_max(gather(team, value, lowest, shared));
}

// teamSum returns the sum of a team's values. All threads of the threadgroup
// call it, once.
inline float teamSum(Team team, float value, threadgroup float* shared) {
  if (!simd_reduction) {
    return tree<Sum>(team, value, shared);
  }
  value = simd_sum(value);
  return team.size == 32 ? value : simd_sum(gather(team, value, 0.0f, shared + sumsAt));
}
