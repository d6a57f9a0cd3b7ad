package msl

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func words(b []byte) []uint32 {
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

const placesSource = header + `
kernel void f(device uint* out [[buffer(0)]], uint3 at [[thread_position_in_grid]], uint3 all [[threads_per_grid]],
              ushort3 in_group [[thread_position_in_threadgroup]], ushort3 per_group [[threads_per_threadgroup]],
              uint3 group [[threadgroup_position_in_grid]], uint3 groups [[threadgroups_per_grid]],
              uint index [[thread_index_in_threadgroup]], ushort lane [[thread_index_in_simdgroup]],
              uint simdgroup [[simdgroup_index_in_threadgroup]], uint simdgroups [[simdgroups_per_threadgroup]],
              uint width [[threads_per_simdgroup]]) {
  uint n = (at.z * all.y + at.y) * all.x + at.x;
  uint3 check = group * uint3(per_group) + uint3(in_group);
  bool right = check.x == at.x && check.y == at.y && check.z == at.z;
  right = right && all.x == groups.x * per_group.x && index == lane + width * simdgroup;
  right = right && index == in_group.x + per_group.x * (in_group.y + per_group.y * in_group.z);
  right = right && simdgroups == (per_group.x * per_group.y * per_group.z + 31) / 32;
  out[n] = right ? index + 1000 * (group.x + 10 * group.y + 100 * group.z) : 99999999;
}
`

func TestPlaces(t *testing.T) {
	l := open(t, placesSource)
	groups, threads := [3]int{3, 2, 2}, [3]int{5, 4, 3}
	for _, s := range schedules {
		out := make([]byte, 4*15*8*6)
		require.NoError(t, l.Run(Job{Kernel: "f", Buffers: map[int][]byte{0: out}, Groups: groups, Threads: threads, Schedule: s}))
		for i, got := range words(out) {
			x, y, z := i%15, i/15%8, i/15/8
			want := x%5 + 5*(y%4+4*(z%3)) + 1000*(x/5+10*(y/4)+100*(z/3))
			require.Equal(t, uint32(want), got, "%s %d,%d,%d", s, x, y, z)
		}
	}
}

func TestScalarPlaces(t *testing.T) {
	for _, typ := range []string{"uint", "ushort"} {
		l := open(t, fmt.Sprintf(header+`
kernel void f(device uint* out [[buffer(0)]], %s at [[thread_position_in_grid]], %s in_group [[thread_position_in_threadgroup]],
              %s group [[threadgroup_position_in_grid]]) {
  out[at] = in_group + 100 * group;
}
`, typ, typ, typ))
		out := make([]byte, 16)
		require.NoError(t, l.Run(Job{Kernel: "f", Buffers: map[int][]byte{0: out}, Groups: [3]int{2, 1, 1}, Threads: [3]int{2, 1, 1}}))
		require.Equal(t, []uint32{0, 1, 100, 101}, words(out))
	}
}

// Schedules differ, for threads and for threadgroups; each is the same each time.
func TestSchedules(t *testing.T) {
	l := open(t, header+`
kernel void f(device atomic_uint* next [[buffer(0)]], device uint* out [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  out[atomic_fetch_add_explicit(next, 1, memory_order_relaxed)] = i;
}
`)
	seen := map[string]Schedule{}
	for _, s := range []Schedule{Forward, Reverse, Random(5), Random(6)} {
		var first []uint32
		for range 2 {
			next, out := make([]byte, 4), make([]byte, 4*192)
			require.NoError(t, l.Run(Job{
				Kernel: "f", Buffers: map[int][]byte{0: next, 1: out}, Groups: [3]int{3, 1, 1}, Threads: [3]int{64, 1, 1}, Schedule: s,
			}))
			order := words(out)
			require.Equal(t, uint32(192), words(next)[0])
			if first != nil {
				require.Equal(t, first, order, s)
			}
			first = order
		}
		other, found := seen[fmt.Sprint(first)]
		require.False(t, found, "%s and %s", s, other)
		seen[fmt.Sprint(first)] = s
		switch s {
		case Forward:
			require.Equal(t, []uint32{0, 1, 2}, first[:3])
		case Reverse:
			require.Equal(t, []uint32{191, 190, 189}, first[:3])
		}
	}
}

func TestThreadgroupMemoryIsNaN(t *testing.T) {
	l := open(t, header+`
kernel void f(device float* out [[buffer(0)]], threadgroup float* dynamic [[threadgroup(0)]], uint g [[threadgroup_position_in_grid]]) {
  threadgroup float fixed[2];
  out[g] = isnan(fixed[1]) + 2 * isnan(dynamic[3]);
  fixed[1] = dynamic[3] = 0;
}
`)
	out := make([]byte, 12)
	require.NoError(t, l.Run(Job{
		Kernel: "f", Buffers: map[int][]byte{0: out}, Threadgroup: map[int]int{0: 16}, Groups: [3]int{3, 1, 1}, Threads: [3]int{1, 1, 1},
	}))
	require.Equal(t, []float32{3, 3, 3}, toFloats(out))
}

func TestVariablesAreNaN(t *testing.T) {
	l := open(t, header+`
kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_threadgroup]]) {
  float sum, parts[3];
  float4 v;
  simdgroup_float8x8 m;
  half h;
  if (i > 31) sum = parts[1] = v.y = h = 0;
  out[0] = isnan(sum) + 2 * isnan(parts[1]) + 4 * isnan(v.y) + 8 * isnan(m.thread_elements().x) + 16 * isnan(h);
}
`)
	out := make([]byte, 4)
	require.NoError(t, l.Run(Job{Kernel: "f", Buffers: map[int][]byte{0: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{32, 1, 1}}))
	require.Equal(t, []float32{31}, toFloats(out))
}

func TestThreadgroupMemoryLimit(t *testing.T) {
	l := open(t, header+`
kernel void f(device float* out [[buffer(0)]], threadgroup float* dynamic [[threadgroup(0)]]) {
  threadgroup float one[1024], two[7][512];
  one[0] = two[0][0] = 1;
  threadgroup float4 three[1];
  out[0] = one[0] + dynamic[0] + three[0].x;
}
`)
	job := Job{
		Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 4)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{1, 1, 1},
		Threadgroup: map[int]int{0: 32<<10 - 4<<10 - 14<<10 - 16},
	}
	require.NoError(t, l.Run(job))
	job.Threadgroup[0] += 16
	err := l.Run(job)
	require.ErrorIs(t, err, ErrThreadgroupMemory)
	require.ErrorContains(t, err, "shader.metal:7: ")
}

func TestAtomics(t *testing.T) {
	p := start(t, header+`
kernel void f(device atomic_uint* count [[buffer(0)]], device atomic_float* sum [[buffer(1)]], device atomic_int* most [[buffer(2)]],
              uint i [[thread_position_in_grid]]) {
  threadgroup atomic_uint local;
  if (i % 64 == 0) atomic_store_explicit(&local, 0, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&local, 1, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (i % 64 == 63) atomic_fetch_add_explicit(count, atomic_load_explicit(&local, memory_order_relaxed), memory_order_relaxed);
  atomic_fetch_add_explicit(sum, 0.5f, memory_order_relaxed);
  atomic_fetch_max_explicit(most, (int)i, memory_order_relaxed);
}
`, Thread)
	for _, s := range schedules {
		count, sum, most := make([]byte, 4), make([]byte, 4), make([]byte, 4)
		require.NoError(t, p.Run(Job{
			Kernel: "f", Buffers: map[int][]byte{0: count, 1: sum, 2: most}, Groups: [3]int{3, 1, 1}, Threads: [3]int{64, 1, 1}, Schedule: s,
		}))
		require.Equal(t, []uint32{192, 191}, append(words(count), words(most)...))
		require.Equal(t, []float32{96}, toFloats(sum))
	}
}
