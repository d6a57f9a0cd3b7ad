package msl

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// partsSource is made of several files, one of which is called like one of the
// runtime's.
const partsSource = `#line 1 "arguments.h"
#include <metal_stdlib>
using namespace metal;
inline float wait(float v) {
  threadgroup_barrier(mem_flags::mem_device);
  return v;
}
inline void write(device float* out, uint i, float v) {
  out[i] = v;
}
#line 1 "main.metal"
kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  if (i > 3) return;
  write(out, i, 1); // write
  out[i] = wait(1); // wait
}
`

func TestPlacesNameFiles(t *testing.T) {
	job := Job{Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 12)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{4, 1, 1}}
	e := sanitizerError(t, start(t, partsSource, Address).Run(job))
	require.Equal(t, []string{"arguments.h:8", "main.metal:3"}, e.Places[:2])

	job.Buffers[0] = make([]byte, 32)
	job.Threads[0] = 8
	require.ErrorContains(t, open(t, partsSource).Run(job), "arguments.h:4: threadgroup_barrier reached by 4 of 8 threads")

	for old, c := range map[string]struct{ replacement, want string }{
		"write(out, i, 1); // write": {"write(out, j, 1);", "main.metal:3:14: error: use of undeclared identifier 'j'"},
		"return v;":                  {"double d;", "arguments.h:5: error: double is not in Metal"},
	} {
		_, err := Build(context.Background(), twin(t, partsSource, old, c.replacement), Options{})
		require.ErrorContains(t, err, c.want)
	}
}

// In divergent flow lanes that are behind catch up: in the order of the whole
// source, not of lines in different files.
func TestReconvergence(t *testing.T) {
	const source = `#line 100 "first.metal"
#include <metal_stdlib>
using namespace metal;
inline float early(float v) { return simd_sum(v); }
#line 1 "second.metal"
kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_threadgroup]]) {
  float v = 1;
  if (i % 2) v = early(2);
  out[i] = simd_sum(v);
}
`
	l := open(t, source)
	for _, s := range schedules {
		out := make([]byte, 128)
		job := Job{Kernel: "f", Buffers: map[int][]byte{0: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{32, 1, 1}, Schedule: s}
		require.NoError(t, l.Run(job))
		for _, v := range toFloats(out) {
			require.Equal(t, float32(16+16*32), v, s)
		}
	}
}
