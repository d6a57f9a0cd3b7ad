package msl

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// start builds an executable with a sanitizer and starts it.
func start(t *testing.T, source string, s Sanitizer) *Process {
	t.Helper()
	needCompiler(t)
	path, err := Build(context.Background(), source, Options{Executable: true, Sanitizer: s})
	require.NoError(t, err)
	p, err := Start(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func TestProcess(t *testing.T) {
	for _, sanitizer := range []Sanitizer{None, Thread, Address} {
		p := start(t, reverseSource, sanitizer)
		for _, s := range schedules {
			in, out := floats(1, 2, 3, 4, 5, 6), make([]byte, 24)
			require.NoError(t, p.Run(Job{
				Kernel: "reverse", Buffers: map[int][]byte{0: in, 1: out}, Groups: [3]int{2, 1, 1}, Threads: [3]int{3, 1, 1}, Schedule: s,
			}))
			require.Equal(t, []float32{3, 2, 1, 6, 5, 4}, toFloats(out))
		}
	}
}

const racySource = header + `
kernel void sum(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
                uint i [[thread_position_in_threadgroup]]) {
  threadgroup float tile[64];
  tile[i] = in[i];
  out[i] = tile[63 - i];
}
`

func TestRace(t *testing.T) {
	p := start(t, racySource, Thread)
	in, out := make([]byte, 256), make([]byte, 256)
	var e *SanitizerError
	for range 2 {
		require.ErrorAs(t, p.Run(Job{
			Kernel: "sum", Buffers: map[int][]byte{0: in, 1: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{64, 1, 1},
		}), &e)
		t.Log(e)
		require.Equal(t, Thread, e.Sanitizer)
		require.Equal(t, "data race", e.Kind)
		require.Subset(t, e.Places, []string{"shader.metal:7", "shader.metal:8"})
	}
}
