package msl

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Metal refuses and C++ takes, with the line it must be found on.
func TestNotMetal(t *testing.T) {
	needCompiler(t)
	const k = "kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {\n"
	for _, c := range []struct{ source, want string }{
		{k + "double x = 1;\n}", ":4: error: double is not in Metal; use float"},
		{k + "long long x = 1;\n}", ":4: error: long long is not in Metal"},
		{k + "\nauto x = std::move(i);\n}", ":5: error: std:: is not in Metal; use metal::"},
		{k + "out[i] = *new float(1);\n}", ":4: error: new is not in Metal"},
		{k + "auto g = [&] { return 1; };\n}", ":4: error: a lambda is not in Metal"},
		{k + "out[i] = [](float x) { return x; }(1);\n}", ":4: error: a lambda is not in Metal"},
		{k + "f2([i] { return 1; });\n}", ":4: error: a lambda is not in Metal"},
		{"float g(auto x) { return x; }", ":3: error: auto as the type of a parameter is not in Metal; use a template"},
		{"float g(int n, thread const auto& x) { return x; }", ":3: error: auto as the type of a parameter is not in Metal"},
		{"kernel void main() {}", ":3: error: main is a name of Metal's own"},
		{"float fmod(float a, float b) { return a; }", ":3: error: fmod is a name of Metal's own"},
		{"template <typename T>\nT clamp(T a, T b);", ":4: error: clamp is a name of Metal's own"},
		{"constant float bias = 1;", ":3: error: bias is a name of Metal's own"},
		{"constant int level[2] = {1, 2};", ":3: error: level is a name of Metal's own"},
		{"constant uint quad [[function_constant(0)]];", ":3: error: quad is a name of Metal's own"},
		{"enum : uint {\n  first = 1,\n  step = first * 2 };", ":5: error: step is a name of Metal's own"},
		{"struct S {\nint a;\nint get() const { return a; }\n};", ":5: error: a member function must name the address space of its object"},
		{"template <typename T> struct S {\nS(T v) : a(v) {}\nT a; };", ":4: error: a member function must name the address space"},
		{"struct S { threadgroup float* get(threadgroup float* p) { return p; } };", ":3: error: a member function must name the address space"},
		{"template <int N> float f() {\nconst int all = N, half_of_it = N / 2;\nfloat x[2][half_of_it];\nreturn x[0][0]; }", ":5: error: half_of_it is the size of an array, so it must be constexpr"},
		{"template <int N> float f() {\nconst int n = N / 2;\nvec<float, 4> x[n * 2];\nreturn x[0].x; }", ":5: error: n is the size of an array"},
		{"struct complex { float a, b; };", ":3: error: complex is a name of Metal's own"},
		{"struct A { virtual void f(); };", ":3: error: virtual is not in Metal"},
		{"float g() { throw 1; }", ":3: error: throw is not in Metal"},
		{"uint g(uint n) {\nreturn n ? n * g(n - 1) : 1; }", ":4: error: recursion is not in Metal"},
		{"constexpr int n = 3;", ":3: error: program scope variable n must reside in constant address space"},
		{"namespace a {\nconst float x[2] = {1, 2};\n}", ":4: error: program scope variable x must reside"},
		{"float sum(float* p) { return p[0]; }", ":3: error: a pointer or reference must name its address space"},
		{"float sum(const float& p) { return p; }", ":3: error: a pointer or reference must name its address space"},
		{"struct S { int a; };\nint get(S& s) { return s.a; }", ":4: error: a pointer or reference must name"},
		{"template <typename T> T get(T& s) { return s; }", ":3: error: a pointer or reference must name"},
		{k + "float x;\nfloat* p = &x;\n}", ":5: error: a pointer or reference must name"},
		{k + "out[i] = *(float*)out;\n}", ":4: error: a pointer or reference must name"},
		{"float sum(vec<float, 4>* p) { return p[0].x; }", ":3: error: a pointer or reference must name"},
		{"void g() { threadgroup float t[2]; t[0] = 1; }", ":3: error: threadgroup variables may be declared only"},
		{k + "if (i) { threadgroup float t[2]; t[0] = 1; }\n}", ":4: error: threadgroup variables may be declared only"},
		{"kernel void f(device float* out) {}", ":3: error: argument out has no attribute"},
		{"kernel void f(float n [[buffer(0)]]) {}", ":3: error: buffer n must be a pointer or a reference"},
		{"kernel void f(thread float* n [[buffer(0)]]) {}", ":3: error: buffer n must be a pointer or a reference"},
		{"kernel void f(device float* n [[threadgroup(0)]]) {}", ":3: error: n must be a pointer to threadgroup memory"},
		{"kernel void f(device float* a [[buffer(1)]], device float* b [[buffer(1)]]) {}", "a and b have the same index 1"},
		{"kernel void f(device float* a [[buffer(31)]]) {}", "index 31 of a: 0 to 30 are allowed"},
		{"kernel void f(device float* a [[texture(0)]]) {}", `attribute "texture" of an argument is unknown`},
		{"kernel void f(float i [[thread_position_in_grid]]) {}", `[[thread_position_in_grid]] of type "float"`},
		{"kernel void f(uint2 i [[thread_index_in_simdgroup]]) {}", `[[thread_index_in_simdgroup]] of type "uint2"`},
		{
			"kernel void f(uint i [[thread_position_in_grid]], ushort n [[threads_per_grid]]) {}",
			"[[thread_position_in_grid]] and [[threads_per_grid]] must have the same type",
		},
		{
			"kernel void f(uint3 i [[thread_position_in_grid]], ushort n [[thread_position_in_threadgroup]]) {}",
			"[[thread_position_in_grid]] and [[thread_position_in_threadgroup]] must have the same number of components",
		},
		{"kernel void f() {}\nnamespace a {\nkernel void f() {}\n", "this { is never closed"},
		{`template [[host_name("x")]] [[kernel]] decltype(g<1>) g<1>;`, ":3: error: no kernel template is named g"},
	} {
		_, err := Build(context.Background(), header+c.source+"\n", Options{})
		var e *CompileError
		require.ErrorAs(t, err, &e, c.source)
		require.Contains(t, e.Text, c.want, c.source)
	}
}

// What looks like that and is Metal.
func TestMetal(t *testing.T) {
	needCompiler(t)
	source := header + `
constant constexpr int n = 3;
constexpr constant float table[] = {1, 2, 3};
static constant int other = n * 2;
using Half4 = half4;
typedef device float* Out;
struct Row { float4 v; uint count; float get(uint i) const thread { return v[i]; } };
template <typename T, int rows = 4> struct Tile { T e[rows]; thread T& at(int i) thread { return e[i]; } };
enum class Mode : uint { none, causal, step };
enum : uint { first_power = 1, second_power = uint(2) * first_power };
struct Made { float v; Made(float x) thread : v(x) {} static float of(float x) { return Made(x).v; } };
template <int N> float last() { constexpr int n = N / 2; const int at = n - 1; float x[n][2]; x[at][0] = 1; return x[at][at > 1]; }
struct Level { float bias, level; float abs() const thread { return max(bias, -bias); } };
namespace mine { inline float clamp(float a) { return saturate(a); } }
inline float scaled(float x, float bias) { auto y = x; for (auto i = 0; i < 2; i++) { y = fma(y, bias, min(x, y)); } return y; }
static inline float product(float a, float b, thread const float& c) { return a * b * c; }
template <typename T> float sum(const device T* in, threadgroup const T* t, thread T& x, constant T& y) { return in[0] * t[0] * x * y; }
inline float load(float v) { return v; }
inline float load(half v) { return load((float)v); } // another function
float device_first(device const float4 *p) { return (*p).x; }
kernel void f(Out out [[buffer(0)]], device const Row* rows [[buffer(1)]], constant uint& size [[buffer(2)]],
              uint i [[thread_position_in_grid]]) {
  threadgroup float t[4 * n], more[2];
  threadgroup vec<float, 2> pairs[2];
  threadgroup float* p = t + i;
  threadgroup float (*q)[4] = (threadgroup float (*)[4])t;
  const uint a = i * n, b = i & a;
  uint c = a * b & size;
  Tile<float> tile;
  tile.at(0) = 1;
  thread float& first = tile.e[0];
  p[0] = more[0] = q[0][0] = pairs[0].x = first;
  if (i < n && i > 0) out[a[&c]] = product(a, b, first) + other * table[0] + float(Half4(1).x);
  out[i] = device_first((device const float4*)rows) + (float)Mode::causal + ((device float*)out)[1];
}
`
	source = strings.Replace(source, "a[&c]", "a", 1)
	_, err := Build(context.Background(), source, Options{})
	require.ErrorContains(t, err, "buffer out must be a pointer") // what a typedef hides, Build does not see
	source = strings.Replace(source, "Out out [[", "device float* out [[", 1)
	_, err = Build(context.Background(), source, Options{})
	require.NoError(t, err)
}
