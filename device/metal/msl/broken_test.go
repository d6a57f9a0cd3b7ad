package msl

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sumSource adds up 128 floats in threadgroup memory. Its broken twins differ
// in one place.
const sumSource = header + `
kernel void sum(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],
                uint i [[thread_position_in_threadgroup]]) {
  threadgroup float tile[128];
  tile[i] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup); // loaded
  for (uint n = 64; n > 0; n /= 2) {
    if (i < n) tile[i] += tile[i + n];
    threadgroup_barrier(mem_flags::mem_threadgroup); // added
  }
  if (i == 0) out[0] = tile[0];
}
`

// twin replaces one part of a source, which must be there once.
func twin(t *testing.T, source, old, replacement string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(source, old))
	return strings.Replace(source, old, replacement, 1)
}

func sumJob(s Schedule) (job Job, out []byte, want float32) {
	var in []byte
	for i := range 128 {
		in = append(in, floats(float32(i+1))...)
		want += float32(i + 1)
	}
	out = floats(-1)
	return Job{
		Kernel: "sum", Buffers: map[int][]byte{0: in, 1: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{128, 1, 1}, Schedule: s,
	}, out, want
}

func TestSum(t *testing.T) {
	runners := []Runner{open(t, sumSource), start(t, sumSource, Thread), start(t, sumSource, Address)}
	for _, r := range runners {
		for _, s := range schedules {
			job, out, want := sumJob(s)
			require.NoError(t, r.Run(job))
			require.Equal(t, []float32{want}, toFloats(out))
		}
	}
}

// One schedule may happen to be a right order (here it is Reverse): that is why
// there are several.
func TestMissingBarrierGivesWrongResult(t *testing.T) {
	for _, barrier := range []string{
		"threadgroup_barrier(mem_flags::mem_threadgroup); // loaded",
		"threadgroup_barrier(mem_flags::mem_threadgroup); // added",
	} {
		l := open(t, twin(t, sumSource, barrier, ""))
		for _, s := range []Schedule{Forward, Random(1), Random(77)} {
			job, out, want := sumJob(s)
			require.NoError(t, l.Run(job))
			require.NotEqual(t, []float32{want}, toFloats(out), "%s %s", barrier, s)
		}
	}
}

func TestMissingBarrierIsARace(t *testing.T) {
	for _, twinOf := range []string{
		twin(t, sumSource, "threadgroup_barrier(mem_flags::mem_threadgroup); // loaded", ""),
		twin(t, sumSource, "threadgroup_barrier(mem_flags::mem_threadgroup); // added", ""),
		twin(t, sumSource, "threadgroup_barrier(mem_flags::mem_threadgroup); // added", "threadgroup_barrier(mem_flags::mem_none);"),
		twin(t, sumSource, "threadgroup_barrier(mem_flags::mem_threadgroup); // added", "simd_sum(1.0f);"),
	} {
		p := start(t, twinOf, Thread)
		job, _, _ := sumJob(Forward)
		e := sanitizerError(t, p.Run(job))
		require.Equal(t, "data race", e.Kind)
		require.Contains(t, e.Places, "shader.metal:10") // tile[i] += tile[i + n]
	}
}

func sanitizerError(t *testing.T, err error) *SanitizerError {
	t.Helper()
	var e *SanitizerError
	require.ErrorAs(t, err, &e)
	return e
}

func TestThreadgroupOverflow(t *testing.T) {
	for broken, kind := range map[string]string{
		"tile[i + 1] = in[i]":                           "index 128 out of bounds for type 'float[128]'",
		"threadgroup float* p = tile; p[i + 1] = in[i]": "global-buffer-overflow",
	} {
		p := start(t, twin(t, sumSource, "tile[i] = in[i]", broken), Address)
		job, _, _ := sumJob(Forward)
		e := sanitizerError(t, p.Run(job))
		require.Equal(t, Address, e.Sanitizer)
		require.Equal(t, kind, e.Kind)
		require.Equal(t, "shader.metal:7", e.Places[0])
	}
}

// Within an array of arrays, and by types that ask for more alignment.
func TestBounds(t *testing.T) {
	source := header + `
kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_threadgroup]]) {
  threadgroup float tile[4][5];
  tile[i][i + 1] = 1;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float2 v = *(device float2*)(out + 2);
  out[i] = tile[i][i + 1] + v.x;
}
`
	job := Job{Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 16)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{4, 1, 1}}
	require.NoError(t, start(t, source, Address).Run(job))
	e := sanitizerError(t, start(t, twin(t, source, "tile[i][i + 1] = 1", "tile[i][i + 2] = 1"), Address).Run(job))
	require.Equal(t, "index 5 out of bounds for type 'float[5]'", e.Kind)
	require.Equal(t, []string{"shader.metal:6"}, e.Places)
	e = sanitizerError(t, start(t, twin(t, source, "out + 2", "out + 1"), Address).Run(job))
	require.Contains(t, e.Kind, "misaligned address")
	require.Equal(t, []string{"shader.metal:8"}, e.Places)
}

func TestDynamicThreadgroupOverflow(t *testing.T) {
	source := header + `
kernel void f(device float* out [[buffer(0)]], threadgroup float* tile [[threadgroup(0)]],
              uint i [[thread_position_in_threadgroup]]) {
  tile[i] = 1;
  out[i] = tile[i];
}
`
	job := Job{
		Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 16)}, Threadgroup: map[int]int{0: 16}, Groups: [3]int{1, 1, 1}, Threads: [3]int{4, 1, 1},
	}
	p := start(t, source, Address)
	require.NoError(t, p.Run(job))
	require.Equal(t, []float32{1, 1, 1, 1}, toFloats(job.Buffers[0]))
	job.Threadgroup[0] = 12
	e := sanitizerError(t, p.Run(job))
	require.Equal(t, "heap-buffer-overflow", e.Kind)
	require.Equal(t, "shader.metal:6", e.Places[0])
}

const writeSource = header + `
kernel void fill(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  if (i < n) out[i] = 7;
}
`

func TestBufferOverflow(t *testing.T) {
	broken := twin(t, writeSource, "i < n", "i <= n")
	memory := floats(1, 2, 3, 4)
	job := Job{
		Kernel:  "fill",
		Buffers: map[int][]byte{0: memory[:12], 1: binary.LittleEndian.AppendUint32(nil, 3)},
		Groups:  [3]int{2, 1, 1}, Threads: [3]int{4, 1, 1},
	}
	// In this process the word behind the buffer tells.
	require.NoError(t, open(t, writeSource).Run(job))
	require.Equal(t, []float32{7, 7, 7, 4}, toFloats(memory))
	require.NoError(t, open(t, broken).Run(job))
	require.Equal(t, []float32{7, 7, 7, 7}, toFloats(memory))

	require.NoError(t, start(t, writeSource, Address).Run(job))
	e := sanitizerError(t, start(t, broken, Address).Run(job))
	require.Equal(t, "heap-buffer-overflow", e.Kind)
	require.Equal(t, []string{"shader.metal:6"}, e.Places[:1])
}

func TestDeviceRace(t *testing.T) {
	source := header + `
kernel void f(device int* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i / 2] = 1;
}
`
	job := Job{Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 64)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{16, 1, 1}}
	e := sanitizerError(t, start(t, source, Thread).Run(job))
	require.Equal(t, "data race", e.Kind)
	require.Contains(t, e.Places, "shader.metal:5")
	require.NoError(t, start(t, twin(t, source, "i / 2", "i"), Thread).Run(job))
}

func TestDivergentBarrier(t *testing.T) {
	for name, body := range map[string]string{
		"some threads":     "if (i < 5) threadgroup_barrier(mem_flags::mem_device); out[i] = 1;",
		"a thread returns": "if (i == 5) return; threadgroup_barrier(mem_flags::mem_device); out[i] = 1;",
		"two barriers": "if (i < 5) {\n threadgroup_barrier(mem_flags::mem_device);\n} else {\n" +
			"threadgroup_barrier(mem_flags::mem_device);\n}\n out[i] = 1;",
	} {
		source := header + "kernel void f(device float* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {\n" + body + "\n}\n"
		l := open(t, source)
		for _, s := range schedules {
			job := Job{
				Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 256)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{64, 1, 1}, Schedule: s,
			}
			err := l.Run(job)
			require.ErrorIs(t, err, ErrBarrier, name)
			require.Regexp(t, `shader.metal:[457]: `, err.Error())
		}
		// The library is as good as before.
		require.NoError(t, l.Run(Job{
			Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 256)}, Groups: [3]int{1, 1, 1}, Threads: [3]int{4, 1, 1},
		}))
	}
}
