package msl

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/x448/float16"
)

// Each line of the table is a simdgroup function and the same as a plain loop
// over the lanes of one simdgroup.
var simdFunctions = []struct {
	expression string
	plain      func(lane int, v []float32) float32
}{
	{"simd_sum(v)", func(_ int, v []float32) (s float32) {
		for _, x := range v {
			s += x
		}
		return s
	}},
	{"simd_max(v)", func(_ int, v []float32) float32 {
		m := v[0]
		for _, x := range v {
			m = max(m, x)
		}
		return m
	}},
	{"simd_min(v)", func(_ int, v []float32) float32 {
		m := v[0]
		for _, x := range v {
			m = min(m, x)
		}
		return m
	}},
	{"simd_product(v)", func(_ int, v []float32) float32 {
		p := float32(1)
		for _, x := range v {
			p *= x
		}
		return p
	}},
	{"simd_prefix_inclusive_sum(v)", func(lane int, v []float32) (s float32) {
		for _, x := range v[:lane+1] {
			s += x
		}
		return s
	}},
	{"simd_prefix_exclusive_sum(v)", func(lane int, v []float32) (s float32) {
		for _, x := range v[:lane] {
			s += x
		}
		return s
	}},
	{"simd_shuffle(v, 31 - lane)", func(lane int, v []float32) float32 { return v[31-lane] }},
	{"simd_shuffle_xor(v, 5)", func(lane int, v []float32) float32 { return v[lane^5] }},
	{"simd_shuffle_up(v, 3)", func(lane int, v []float32) float32 {
		if lane < 3 {
			return v[lane]
		}
		return v[lane-3]
	}},
	{"simd_shuffle_down(v, 4)", func(lane int, v []float32) float32 {
		if lane+4 > 31 {
			return v[lane]
		}
		return v[lane+4]
	}},
	{"simd_shuffle_rotate_down(v, 1)", func(lane int, v []float32) float32 { return v[(lane+1)%32] }},
	{"simd_shuffle_rotate_up(v, 1)", func(lane int, v []float32) float32 { return v[(lane+31)%32] }},
	{"simd_broadcast(v, 9)", func(_ int, v []float32) float32 { return v[9] }},
	{"simd_broadcast_first(v)", func(_ int, v []float32) float32 { return v[0] }},
	{"simd_any(v > 0.99f) + 2 * simd_all(v < 2.0f)", func(_ int, v []float32) float32 {
		for _, x := range v {
			if x > 0.99 {
				return 3
			}
		}
		return 2
	}},
	{"float((ulong)simd_ballot(v > 0.5f) & 0xffff)", func(_ int, v []float32) (bits float32) {
		for i, x := range v[:16] {
			if x > 0.5 {
				bits += float32(int(1) << i)
			}
		}
		return bits
	}},
	{"float(simd_is_first())", func(lane int, _ []float32) float32 { return float32(b2i(lane == 0)) }},
	{"quad_sum(v)", func(lane int, v []float32) float32 {
		q := lane &^ 3
		return (v[q] + v[q+1]) + (v[q+2] + v[q+3])
	}},
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestSimdgroupFunctions(t *testing.T) {
	var body strings.Builder
	for i, f := range simdFunctions {
		fmt.Fprintf(&body, "  out[%d * n + i] = %s;\n", i, f.expression)
	}
	l := open(t, header+`
kernel void f(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint i [[thread_position_in_threadgroup]],
              uint n [[threads_per_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
  float v = in[i];
`+body.String()+"}\n")
	const n = 96
	r := rand.New(rand.NewPCG(1, 2))
	var values []float32
	for range n {
		values = append(values, r.Float32())
	}
	for _, s := range schedules {
		out := make([]byte, 4*n*len(simdFunctions))
		require.NoError(t, l.Run(Job{
			Kernel: "f", Buffers: map[int][]byte{0: floats(values...), 1: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{n, 1, 1}, Schedule: s,
		}))
		got := toFloats(out)
		for k, f := range simdFunctions {
			for i := range n {
				group := values[i/32*32 : i/32*32+32]
				require.Equal(t, f.plain(i%32, group), got[k*n+i], "%s, %s, thread %d", s, f.expression, i)
			}
		}
	}
}

// A simdgroup function in divergent flow is for the lanes that reach it; a
// simdgroup at the end of a threadgroup may be smaller.
func TestSomeLanes(t *testing.T) {
	l := open(t, header+`
kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_threadgroup]]) {
  if (i % 2 == 0) {
    out[i] = simd_sum(1.0f);
  } else {
    out[i] = -simd_sum(2.0f);
  }
  if (i > 35) return;
  out[i] += 100 * simd_sum(1.0f);
}
`)
	for _, s := range schedules {
		out := make([]byte, 4*40)
		require.NoError(t, l.Run(Job{
			Kernel: "f", Buffers: map[int][]byte{0: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{40, 1, 1}, Schedule: s,
		}))
		got := toFloats(out)
		require.Equal(t, []float32{16 + 3200, -32 + 3200}, got[:2], s)
		require.Equal(t, []float32{4 + 400, -8 + 400}, got[32:34], s)
		require.Equal(t, []float32{4, -8}, got[38:], s)
	}
}

const matrixSource = header + `
template <typename T>
[[kernel]] void multiply(device const T* a [[buffer(0)]], device const T* b [[buffer(1)]], device float* out [[buffer(2)]],
                         device T* diagonal [[buffer(3)]]) {
  simdgroup_matrix<T, 8, 8> left, right;
  simdgroup_matrix<float, 8, 8> sum = make_filled_simdgroup_matrix<float, 8, 8>(1.0f);
  simdgroup_load(left, a, 16, ulong2(8, 0));
  simdgroup_load(right, b, 8, ulong2(0, 0), true);
  simdgroup_multiply_accumulate(sum, left, right, sum);
  simdgroup_store(sum, out, 8);
  simdgroup_store(simdgroup_matrix<T, 8, 8>(3), diagonal);
}
template [[host_name("multiply_f32")]] [[kernel]] decltype(multiply<float>) multiply<float>;
template [[host_name("multiply_f16")]] [[kernel]] decltype(multiply<half>) multiply<half>;
`

func TestSimdgroupMatrix(t *testing.T) {
	l := open(t, matrixSource)
	r := rand.New(rand.NewPCG(3, 4))
	var a, b []float32 // 8x16, of which the right half counts; 8x8, transposed
	for range 128 {
		a = append(a, float32(r.IntN(256)-128)/64)
	}
	for range 64 {
		b = append(b, float32(r.IntN(256)-128)/64)
	}
	want, diagonal := make([]float32, 64), make([]float32, 64)
	for i := range 8 {
		for j := range 8 {
			sum := float64(1)
			for k := range 8 {
				sum += float64(a[i*16+8+k]) * float64(b[j*8+k])
			}
			want[i*8+j] = float32(sum) // exact: small multiples of 2^-12
		}
		diagonal[i*9] = 3
	}
	for kernel, encode := range map[string]func(...float32) []byte{"multiply_f32": floats, "multiply_f16": halves} {
		for _, s := range schedules {
			out, d := make([]byte, 256), encode(make([]float32, 64)...)
			job := Job{
				Kernel: kernel, Buffers: map[int][]byte{0: encode(a...), 1: encode(b...), 2: out, 3: d},
				Groups: [3]int{1, 1, 1}, Threads: [3]int{32, 1, 1}, Schedule: s,
			}
			require.NoError(t, l.Run(job))
			require.Equal(t, want, toFloats(out), "%s %s", kernel, s)
			require.Equal(t, encode(diagonal...), d)
			job.Threads[0] = 31
			require.ErrorIs(t, l.Run(job), ErrSimdgroup)
		}
	}
}

func halves(values ...float32) []byte {
	var out []byte
	for _, v := range values {
		out = binary.LittleEndian.AppendUint16(out, float16.Fromfloat32(v).Bits())
	}
	return out
}

// NaN spreads through matrices and sums, and not through maxima.
func TestSimdgroupNaN(t *testing.T) {
	l := open(t, header+`
kernel void f(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], uint i [[thread_position_in_threadgroup]]) {
  out[0] = simd_sum(in[i]);
  out[1] = simd_max(in[i]);
}
`)
	in := make([]float32, 32)
	in[7], in[8] = float32(math.NaN()), 5
	out := make([]byte, 8)
	require.NoError(t, l.Run(Job{
		Kernel: "f", Buffers: map[int][]byte{0: floats(in...), 1: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{32, 1, 1},
	}))
	require.True(t, math.IsNaN(float64(toFloats(out)[0])))
	require.Equal(t, float32(5), toFloats(out)[1])
}

// A simdgroup function orders no memory; a simdgroup barrier does.
func TestSimdgroupMemory(t *testing.T) {
	const source = header + `
kernel void f(device int* out [[buffer(0)]], uint i [[thread_position_in_threadgroup]]) {
  threadgroup int tile[32];
  tile[i] = i;
  simdgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = tile[i ^ 1];
  for (uint k = 0; k < 3; k++) {
    simdgroup_barrier(mem_flags::mem_threadgroup);
    tile[i] = simd_sum(out[i]);
    simdgroup_barrier(mem_flags::mem_threadgroup);
    out[i] = tile[i ^ 1];
  }
}
`
	job := Job{Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 128)}, Groups: [3]int{3, 1, 1}, Threads: [3]int{32, 1, 1}}
	require.NoError(t, start(t, source, Thread).Run(job))
	broken := strings.Replace(source, "simdgroup_barrier(mem_flags::mem_threadgroup)", "simd_sum(1)", 1)
	e := sanitizerError(t, start(t, broken, Thread).Run(job))
	require.Subset(t, e.Places, []string{"shader.metal:6", "shader.metal:8"})
}
