package msl

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// needCompiler skips a test, loudly, where no compiler is; with REQUIRE_CLANG=1
// it fails.
func needCompiler(t *testing.T) {
	t.Helper()
	if _, err := FindCompiler(); err != nil {
		if os.Getenv("REQUIRE_CLANG") == "1" {
			t.Fatal(err)
		}
		t.Skipf("NOT TESTED: shaders: %v", err)
	}
}

// open builds a source and opens it.
func open(t *testing.T, source string) *Library {
	t.Helper()
	needCompiler(t)
	path, err := Build(context.Background(), source, Options{})
	require.NoError(t, err)
	l, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func floats(values ...float32) []byte {
	var out []byte
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func toFloats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

var schedules = []Schedule{Forward, Reverse, Random(1), Random(77)}

const header = "#include <metal_stdlib>\nusing namespace metal;\n"

const reverseSource = header + `
kernel void reverse(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
                    uint i [[thread_position_in_threadgroup]], uint n [[threads_per_threadgroup]],
                    uint g [[threadgroup_position_in_grid]]) {
  threadgroup float tile[256];
  tile[i] = in[g * n + i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[g * n + i] = tile[n - 1 - i];
}
`

func TestBarrier(t *testing.T) {
	l := open(t, reverseSource)
	for _, s := range schedules {
		in, out := floats(), make([]byte, 4*400)
		for i := range 400 {
			in = append(in, floats(float32(i))...)
		}
		require.NoError(t, l.Run(Job{
			Kernel: "reverse", Buffers: map[int][]byte{0: in, 1: out}, Groups: [3]int{2, 1, 1}, Threads: [3]int{200, 1, 1}, Schedule: s,
		}))
		for i, v := range toFloats(out) {
			require.Equal(t, float32(i/200*200+199-i%200), v, "%s, element %d", s, i)
		}
	}
}
