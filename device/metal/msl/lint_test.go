package msl

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLint(t *testing.T) {
	needCompiler(t)
	const source = header + `
struct Sizes { uint n; float scale; };
struct Pair { Sizes sizes; float2 v; };
template <typename T> struct Box { T value; };
inline float scaleOf(Sizes s) { return s.scale; }
template <typename T>
T twice(device const T* p) { return 2 * p[0]; }
kernel void f(device const float* in [[buffer(0)]], device float4* out [[buffer(1)]], constant Sizes& sizes [[buffer(2)]],
              threadgroup float* dynamic [[threadgroup(0)]], uint i [[thread_position_in_threadgroup]]) {
  threadgroup float tile[32];
  threadgroup float* t = tile; // pointer
  t[i] = twice(in + i) * sizes.scale;
  dynamic[i] = t[i]; // store
  out[i].xy = out[0].zw + float2(dynamic[0], simd_sum(t[0]));
  Sizes copy = sizes;
  copy.scale = scaleOf(sizes);
  threadgroup Pair pair;
  pair.sizes = copy;
  Pair whole = pair, made = {{1, 2}, float2(1)};
  Box<float> box = {made.v.x + whole.sizes.scale};
  pair = made; // assigned
  simdgroup_float8x8 m;
  simdgroup_load(m, in, sizes.n);
  simdgroup_store(m, tile);
}
`
	require.NoError(t, Lint(context.Background(), source))
	for name, c := range map[string][2]string{
		"constant written":       {"dynamic[i] = t[i]; // store", "sizes.n = 1;"},
		"const device written":   {"dynamic[i] = t[i]; // store", "in[0] = 1;"},
		"device to threadgroup":  {"threadgroup float* t = tile; // pointer", "threadgroup float* t = out;"},
		"threadgroup to thread":  {"threadgroup float* t = tile; // pointer", "thread float* t = tile;"},
		"constant to device":     {"twice(in + i)", "twice(&sizes.scale)"},
		"part of a constant":     {"pair = made; // assigned", "constant Sizes& s = sizes; s.scale = box.value;"},
		"pointer in a structure": {"pair = made; // assigned", "struct P { device float* p; } q; q.p = tile;"},
	} {
		err := Lint(context.Background(), twin(t, source, c[0], c[1]))
		var e *CompileError
		require.ErrorAs(t, err, &e, name)
		require.Regexp(t, `shader.metal:\d+:\d+: error: `, e.Text, name)
	}
}

// What clang takes and the C++14 of Metal does not, or not without a warning.
func TestLintOfTheLanguage(t *testing.T) {
	needCompiler(t)
	for source, want := range map[string]string{
		"template <int N> int f() { if constexpr (N > 1) { return 1; } return 0; }": "constexpr if",
		"inline constant int x = 3;": "inline variables",
		"int f(float2 p) { struct { int a, b; } q = {1, 2}; auto [x, y] = q; return x; }":                        "decomposition declarations",
		"template <typename... T> int f(T... t) { return (t + ...); }":                                           "fold expression",
		"namespace a::b { int f() { return 1; } }":                                                               "nested namespace",
		"int f(int i) { if (int j = i; j > 1) { return j; } return 0; }":                                         "if initialization",
		"template <typename T> struct B { T t; B(T v) thread : t(v) {} };\nfloat f() { B b(1.0f); return b.t; }": "class template argument deduction",
		"static_assert(sizeof(int) == 4);":                                                                       "no message",
		"template <auto N> int f() { return N; }":                                                                "declared with 'auto'",
		"struct P { int a; };\nint f() { P p = {.a = 1}; return p.a; }":                                          "designated initializers",
		"int f(int n) { float x[n]; x[0] = 1; return x[0]; }":                                                    "variable length arrays",
		"int f() { return 1; }\nconstant int x = f();":                                                           "global constructor",
		"int f(float x) { int y{x}; return y; }":                                                                 "cannot be narrowed",
	} {
		err := Lint(context.Background(), header+source+"\n")
		var e *CompileError
		require.ErrorAs(t, err, &e, source)
		require.Regexp(t, `shader.metal:[34]:\d+: error: .*`+want, e.Text, source)
	}
}
