package msl

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/x448/float16"
)

// one runs a kernel called f on a single thread and returns what it wrote to
// buffer 0, which has n floats.
func one(t *testing.T, source string, n int, constants map[int][]byte) []float32 {
	t.Helper()
	out := make([]byte, 4*n)
	require.NoError(t, open(t, source).Run(Job{
		Kernel: "f", Buffers: map[int][]byte{0: out}, Constants: constants, Groups: [3]int{1, 1, 1}, Threads: [3]int{1, 1, 1},
	}))
	return toFloats(out)
}

func kernelOf(body string) string {
	return header + "kernel void f(device float* out [[buffer(0)]]) {\n" + body + "\n}\n"
}

func TestVectors(t *testing.T) {
	require.Equal(t, []float32{1, 2, 3, 4, 6, 8, 5, 5, 5, 7, 2, 1, 10, 0, 1, 16, 4, 12, 3, 9, 5, 0, 1}, one(t, kernelOf(`
  using Pair = vec<float, 2>;
  float4 a = float4(float2(1, 2), 3, 4.0h);
  for (int i = 0; i < 4; i++) out[i] = a[i];
  float2 b = a.zw * 2;
  out[4] = b.x; out[5] = b.y;
  float3 c = float3(5);
  out[6] = c.x; out[7] = c.y; out[8] = c.z;
  a.xy = a.yx;
  a.w += 3;
  out[9] = a.w; out[10] = a.x; out[11] = a.y;
  out[12] = dot(a.xyz, float3(2, 0, 2));
  int2 truncated = int2(float2(0.9f, -1.9f));
  out[13] = truncated.x; out[14] = -truncated.y;
  out[15] = sizeof(float3); out[16] = sizeof(half2); out[17] = sizeof(packed_float3);
  Pair d = Pair(3, 9);
  out[18] = d.x; out[19] = metal::vec<float, 2>(d).y;
  packed_float3 p = packed_float3(float3(1, 2, 3));
  out[20] = (float3(p) + p).y + float3(p).x;
  float2 chosen = select(float2(0, 0), float2(1, 1), float2(1, 2) < float2(1, 3));
  out[21] = chosen.x; out[22] = chosen.y;
`), 23, nil))
}

func TestMath(t *testing.T) {
	nan := float32(math.NaN())
	eps := float32(math.Ldexp(1, -23))
	cases := []struct {
		expression string
		want       float32
	}{
		{"1.0 / 3.0", 1.0 / float32(3)},
		{"16777216.0 + 1.0", 16777216}, // no double on the way
		{"exp(1.0f)", float32(math.E)},
		{"exp2(10.0f)", 1024},
		{"fast::exp(0.0f) + precise::exp2(3.0f)", 9},
		{"log2(8.0f)", 3},
		{"sqrt(2.0f)", float32(math.Sqrt2)},
		{"rsqrt(4.0f)", 0.5},
		{"fma(1.0f + FLT_EPSILON, 1.0f - FLT_EPSILON, -1.0f)", -eps * eps}, // fused
		{"(1.0f + FLT_EPSILON) * (1.0f - FLT_EPSILON) - 1.0f", 0},          // not contracted
		{"max(1.0f, 2.0f) + min(1.0f, 2.0f)", 3},
		{"max(NAN, 2.0f) + max(1.0f, NAN) + fmin(NAN, 4.0f) + fmax(8.0f, NAN)", 15},
		{"isnan(max(NAN, NAN)) + isnan(1.0f)", 1},
		{"isinf(-INFINITY) + isfinite(INFINITY)", 1},
		{"clamp(5.0f, 0.0f, 3.0f)", 3},
		{"clamp(-5, -2, 3)", -2},
		{"select(1.0f, 2.0f, true)", 2},
		{"abs(-3) + fabs(-4.0f) + sign(-2.0f)", 6},
		{"as_type<float>(0x3f80u << 16)", 1},
		{"as_type<float>(as_type<uint>(2.5f))", 2.5},
		{"as_type<ushort>(1.0h)", 0x3c00},
		{"popcount(0xf0fu) + clz(1u) + ctz(8u) + clz((ushort)1) + clz(0)", 8 + 31 + 3 + 15 + 32},
		{"float(half(2049))", 2048},            // rounds to even
		{"float(2048.0h + 1.0h + 1.0h)", 2048}, // each operation rounds
		{"float(half(65504) * 2.0h)", float32(math.Inf(1))},
		{"floor(-1.5f) + ceil(1.2f) + round(2.5f) + rint(2.5f) + trunc(-1.5f)", -2 + 2 + 3 + 2 - 1},
		{"fmod(7.0f, 4.0f) + pow(2.0f, 5.0f)", 35},
		{"mix(1.0f, 3.0f, 0.5f)", 2},
		{"numeric_limits<float>::infinity()", float32(math.Inf(1))},
		{"numeric_limits<half>::max()", 65504},
		{"numeric_limits<int>::max() == INT_MAX", 1},
		{"NAN", nan},
		{"mulhi(0x80000000u, 6u)", 3},
		{"extract_bits(0xabcdu, 4, 8)", 0xbc},
	}
	body := ""
	for _, c := range cases {
		body += "*out++ = " + c.expression + ";\n"
	}
	got := one(t, kernelOf(body), len(cases), nil)
	for i, c := range cases {
		if math.IsNaN(float64(c.want)) {
			require.True(t, math.IsNaN(float64(got[i])), c.expression)
		} else {
			require.Equal(t, c.want, got[i], c.expression)
		}
	}
}

const constantsSource = header + `
constant bool scaled [[function_constant(0)]];
constant float factor [[function_constant(1)]];
constant uint count [[function_constant(7)]];
constant uint rounds = is_function_constant_defined(count) ? count : 2;
constant float table[3] = {1, 10, 100};
constant constexpr int first = 1;
namespace inner {
constant float both = scaled ? factor * 2 : 1;
}

kernel void f(device float* out [[buffer(0)]], constant float& extra [[buffer(1), function_constant(scaled)]]) {
  float sum = 0;
  for (uint i = 0; i < rounds; i++) sum += table[first];
  out[0] = sum;
  out[1] = inner::both;
  if (scaled) out[1] += extra;
}

kernel void unrelated(device float* out [[buffer(0)]]) { out[0] = 3; }
`

func TestFunctionConstants(t *testing.T) {
	l := open(t, constantsSource)
	run := func(kernel string, constants map[int][]byte, buffers map[int][]byte) error {
		return l.Run(Job{Kernel: kernel, Constants: constants, Buffers: buffers, Groups: [3]int{1, 1, 1}, Threads: [3]int{1, 1, 1}})
	}
	out, extra := make([]byte, 8), floats(5)
	yes, no, factor := []byte{1}, []byte{0}, floats(3)

	require.NoError(t, run("f", map[int][]byte{0: yes, 1: factor, 7: {4, 0, 0, 0}}, map[int][]byte{0: out, 1: extra}))
	require.Equal(t, []float32{40, 11}, toFloats(out))
	// The next job starts from its own constants, and a guarded argument may be absent.
	require.NoError(t, run("f", map[int][]byte{0: no, 1: factor}, map[int][]byte{0: out}))
	require.Equal(t, []float32{20, 1}, toFloats(out))

	err := run("f", map[int][]byte{0: yes, 1: factor}, map[int][]byte{0: out})
	require.ErrorIs(t, err, ErrMissingBuffer)
	require.ErrorContains(t, err, "buffer 1 (extra)")
	err = run("f", map[int][]byte{0: yes}, map[int][]byte{0: out, 1: extra})
	require.ErrorIs(t, err, ErrMissingConstant)
	require.ErrorContains(t, err, "factor (index 1)")
	err = run("f", map[int][]byte{0: {1, 0, 0, 0}, 1: factor}, map[int][]byte{0: out, 1: extra})
	require.ErrorIs(t, err, ErrConstantSize)
	require.ErrorContains(t, err, "scaled (index 0) has 1 bytes, not 4")
	require.NoError(t, run("unrelated", nil, map[int][]byte{0: out}))
}

func TestTemplates(t *testing.T) {
	l := open(t, header+`
#define LOADS(T) template <> struct Loads<T> { static float load(device const T* p) { return (float)*p; } };
template <typename T> struct Loads;
LOADS(float)
LOADS(half)
template <> struct Loads<ushort> { // bf16, by its bits
  static float load(device const ushort* p) { return as_type<float>((uint)*p << 16); }
};
struct Parameters {
  uint n;
  float scale;
};
template <typename T, int factor>
[[kernel]] void scale(device const T* in [[buffer(0)]], device float* out [[buffer(1)]],
                      constant Parameters& p [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  constexpr float twice = 2 * factor;
  threadgroup T tile[4];
  tile[i] = in[i];
  if (i < p.n) out[i] = Loads<T>::load(in + i) * p.scale * twice;
}
template [[host_name("scale_" "f32")]] [[kernel]] void scale<float, 1>(device const float*, device float*, constant Parameters&, uint);
template [[host_name("scale_f16")]] [[kernel]] decltype(scale<half, 2>) scale<half, 2>;
template [[host_name("scale_bf16")]] [[kernel]] decltype(scale<ushort, 4>) scale<ushort, 4>;
`)
	parameters := append(binary.LittleEndian.AppendUint32(nil, 2), floats(0.5)...)
	half := binary.LittleEndian.AppendUint16(nil, float16.Fromfloat32(1.5).Bits())
	half = binary.LittleEndian.AppendUint16(half, float16.Fromfloat32(-2).Bits())
	for kernel, c := range map[string]struct {
		in   []byte
		want []float32
	}{
		"scale_f32":  {floats(1.5, -2), []float32{1.5, -2, 0}},
		"scale_f16":  {half, []float32{3, -4, 0}},
		"scale_bf16": {[]byte{0xc0, 0x3f, 0, 0xc0}, []float32{6, -8, 0}},
	} {
		out := make([]byte, 12)
		require.NoError(t, l.Run(Job{
			Kernel: kernel, Buffers: map[int][]byte{0: c.in, 1: out, 2: parameters}, Groups: [3]int{1, 1, 1}, Threads: [3]int{2, 1, 1},
		}))
		require.Equal(t, c.want, toFloats(out), kernel)
	}
}

func TestKernels(t *testing.T) {
	l := open(t, header+`
constant bool biased [[function_constant(3)]];
struct Sizes { uint a, b, c; };
kernel void first(device const float4* in [[buffer(0)]], device half* out [[buffer(1)]], constant Sizes& s [[buffer(2)]],
                  device float* bias [[buffer(5), function_constant(biased)]], threadgroup float* t [[threadgroup(1)]],
                  uint3 at [[thread_position_in_grid]]) {
  out[0] = biased;
}
kernel [[max_total_threads_per_threadgroup(64)]] void second(device const float* in [[buffer(0)]]) {}
`)
	require.Equal(t, []Kernel{
		{Name: "first", MaxThreads: 1024, Constants: []int{3}, Arguments: []Argument{
			{Name: "in", Index: 0, Size: 16, Align: 16},
			{Name: "out", Index: 1, Writable: true, Size: 2, Align: 2},
			{Name: "s", Index: 2, Size: 12, Align: 4},
			{Name: "bias", Index: 5, Writable: true, Guard: "biased", Size: 4, Align: 4},
			{Name: "t", Kind: Threadgroup, Index: 1, Size: 4, Align: 4},
			{Name: "at", Kind: Builtin, Builtin: "thread_position_in_grid", Align: 1},
		}},
		{Name: "second", MaxThreads: 64, Arguments: []Argument{{Name: "in", Index: 0, Size: 4, Align: 4}}},
	}, l.Kernels())
	job := Job{Kernel: "second", Buffers: map[int][]byte{0: make([]byte, 4)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{64, 1, 1}}
	require.NoError(t, l.Run(job))
	job.Threads[1] = 2
	require.ErrorIs(t, l.Run(job), ErrGrid)
}
