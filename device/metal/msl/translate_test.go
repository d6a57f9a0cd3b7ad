package msl

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is rewritten, and that nothing else is.
func TestTranslate(t *testing.T) {
	for source, want := range map[string]string{
		"inline float2 f(float2 a) { return float2(a.x, 1) + vec<float, 2>(a[0], b[c[1]]); }": "inline float2 f(float2 a) { return msl::make<float2>(a.x, 1) + msl::make<metal::vec<float, 2>>(a[0], b[c[1]]); }",
		"using V = half4; V f(V a) { return V(a.x, 1, 2, 3); }":                               "using V = half4; V f(V a) { return msl::make<V>(a.x, 1, 2, 3); }",
		"float f() { return metal::float2(1, 2).x; }":                                         "float f() { return msl::make<float2>(1, 2).x; }",
		"constant bool a [[function_constant(4)]];":                                           "static bool a; static bool msl_defined_a;",
		"constant int n = 3;": "constant int n = 3;",
		"constant uint a [[function_constant(4)]];\nconstant constexpr uint b = a + 1;":                               "static uint a; static bool msl_defined_a;\nstatic   uint b = a + 1; static void msl_derive_b() { b = a + 1; }",
		"kernel void f(device int* a [[buffer(0)]]) { threadgroup int t[2], u; threadgroup int* p = t; for (;;) {} }": "kernel void f(device int* a ) { threadgroup static int t[2], u; MSL_ANNOUNCE(t) MSL_ANNOUNCE(u) threadgroup int* p = t; for (;;) {} }",
		"struct S { int a; }; struct T : S { float2 b; };":                                                            "struct S { MSL_COPYABLE(S) int a; }; struct T : S { MSL_COPYABLE(T) float2 b; };",
		"[[kernel, max_total_threads_per_threadgroup(\n64)]] void f() {}":                                             "\n void f() {}",
		"template <int n> [[kernel]] void f() {}\ntemplate [[host_name(\"g\")]] [[kernel]] void f<3>();":              "template <int n>  void f() {}\n",
	} {
		s, err := translate(source)
		require.NoError(t, err, source)
		require.Equal(t, want, s.edited())
	}
}

func TestMentions(t *testing.T) {
	s, err := translate(`
constant uint a [[function_constant(4)]];
constant uint b [[function_constant(5)]];
constant uint c = b;
uint helper() { return a; }
uint other() { return c; }
kernel void f(device uint* out [[buffer(0)]]) { *out = helper(); }
kernel void g(device uint* out [[buffer(0)]]) { *out = other(); }
kernel void h(device uint* out [[buffer(0), function_constant(a)]]) { *out = helper() + other(); }
`)
	require.NoError(t, err)
	require.Equal(t, []string{"4"}, s.constantsOf("f"))
	require.Equal(t, []string{"5"}, s.constantsOf("g"))
	require.Equal(t, []string{"4", "5"}, s.constantsOf("h"))
}
