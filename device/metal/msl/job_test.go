package msl

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

const shiftSource = header + `
kernel void shift(device const float* in [[buffer(0)]], device float* out [[buffer(1)]], device const float* later [[buffer(4)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = in[i] + 1;
  threadgroup_barrier(mem_flags::mem_device);
  out[i] += 10 * later[i];
}
`

// Slices that share memory share it for the kernel, in this process and in another.
func TestSharedBuffers(t *testing.T) {
	for _, r := range []Runner{open(t, shiftSource), start(t, shiftSource, None), start(t, shiftSource, Address)} {
		memory, apart := floats(1, 2, 3, 4, 99), floats(5, 6, 7)
		job := Job{Kernel: "shift", Groups: [3]int{1, 1, 1}, Threads: [3]int{3, 1, 1}}

		job.Buffers = map[int][]byte{0: memory[:12], 1: memory[:12], 4: apart} // in place
		require.NoError(t, r.Run(job))
		require.Equal(t, []float32{2 + 50, 3 + 60, 4 + 70, 4, 99}, toFloats(memory))

		memory = floats(1, 2, 3, 4, 99)
		job.Buffers = map[int][]byte{0: apart, 1: memory[:12], 4: memory[4:16]} // overlapping
		require.NoError(t, r.Run(job))
		require.Equal(t, []float32{6 + 70, 7 + 80, 8 + 40, 4, 99}, toFloats(memory))
		require.Equal(t, floats(5, 6, 7), apart)
	}
}

func TestErrors(t *testing.T) {
	source := header + `
struct Sizes { uint a, b; };
kernel void f(device float4* out [[buffer(0)]], constant Sizes& s [[buffer(1)]], threadgroup float* t [[threadgroup(2)]],
              uint i [[thread_position_in_grid]]) {
  t[0] = out[0].x;
  if (i == 0) out[0].x = t[0] + s.a;
}
`
	aligned := make([]byte, 64)
	if r := uintptr(unsafe.Pointer(&aligned[0])) % 16; r != 0 {
		aligned = aligned[16-r:]
	}
	good := func() Job {
		return Job{
			Kernel: "f", Buffers: map[int][]byte{0: aligned[:16], 1: make([]byte, 8)}, Threadgroup: map[int]int{2: 16},
			Groups: [3]int{1, 1, 1}, Threads: [3]int{4, 1, 1},
		}
	}
	for name, c := range map[string]struct {
		spoil func(*Job)
		want  error
		text  string
	}{
		"kernel":         {func(j *Job) { j.Kernel = "g" }, ErrUnknownKernel, "no kernel is named g"},
		"missing":        {func(j *Job) { delete(j.Buffers, 1) }, ErrMissingBuffer, "f: buffer 1 (s) is not bound"},
		"empty":          {func(j *Job) { j.Buffers[1] = nil }, ErrMissingBuffer, "f: buffer 1 (s) is not bound"},
		"short":          {func(j *Job) { j.Buffers[1] = make([]byte, 4) }, ErrShortBuffer, "buffer 1 (s) has 4 bytes; one element has 8"},
		"misaligned":     {func(j *Job) { j.Buffers[0] = aligned[4:24] }, ErrMisaligned, "buffer 0 (out) is not aligned to 16 bytes"},
		"memory":         {func(j *Job) { j.Threadgroup = nil }, ErrMissingMemory, "threadgroup memory 2 (t) has no length"},
		"too much":       {func(j *Job) { j.Threadgroup[2] = 32<<10 + 1 }, ErrThreadgroupMemory, "32769 bytes"},
		"index":          {func(j *Job) { j.Buffers[31] = aligned }, ErrIndex, "buffer 31: index out of range, 0 to 30 are allowed"},
		"memory index":   {func(j *Job) { j.Threadgroup[-1] = 4 }, ErrIndex, "threadgroup memory -1"},
		"no groups":      {func(j *Job) { j.Groups[1] = 0 }, ErrGrid, "[1 0 1]"},
		"no threads":     {func(j *Job) { j.Threads[2] = 0 }, ErrGrid, "[4 1 0]"},
		"many threads":   {func(j *Job) { j.Threads = [3]int{1025, 1, 1} }, ErrGrid, "1025,1,1 threads in a threadgroup; 1 to 1024 are allowed"},
		"their product":  {func(j *Job) { j.Threads = [3]int{32, 32, 2} }, ErrGrid, "32,32,2 threads"},
		"beyond numbers": {func(j *Job) { j.Groups[0] = 1 << 40 }, ErrGrid, "bad grid"},
	} {
		for _, r := range []Runner{open(t, source), start(t, source, None)} {
			if _, process := r.(*Process); process && name == "misaligned" {
				continue // there the buffer lies elsewhere
			}
			job := good()
			require.NoError(t, r.Run(job), name)
			c.spoil(&job)
			err := r.Run(job)
			require.ErrorIs(t, err, c.want, name)
			require.ErrorContains(t, err, c.text, name)
			require.Regexp(t, "^msl: ", err.Error())
		}
	}
}

func TestAtOnce(t *testing.T) {
	for _, r := range []Runner{open(t, reverseSource), start(t, reverseSource, None)} {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 20 {
					in, out := floats(1, 2, 3), make([]byte, 12)
					job := Job{Kernel: "reverse", Buffers: map[int][]byte{0: in, 1: out}, Groups: [3]int{1, 1, 1}, Threads: [3]int{3, 1, 1}}
					if err := r.Run(job); err != nil || toFloats(out)[0] != 3 {
						t.Errorf("%v %v", err, toFloats(out))
					}
				}
			})
		}
		group.Wait()
	}
}

func TestClosed(t *testing.T) {
	needCompiler(t)
	for _, o := range []Options{{}, {Executable: true}} {
		path, err := Build(t.Context(), writeSource, o)
		require.NoError(t, err)
		var r interface {
			Runner
			Close() error
		}
		if o.Executable {
			r, err = Start(path)
		} else {
			r, err = Open(path)
		}
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.ErrorIs(t, r.Close(), ErrClosed)
		require.ErrorIs(t, r.Run(Job{Groups: [3]int{1, 1, 1}, Threads: [3]int{1, 1, 1}}), ErrClosed)
	}
	_, err := Open("nothing.so")
	require.ErrorContains(t, err, "nothing.so")
	_, err = Start("./nothing")
	require.ErrorContains(t, err, "nothing")
}

// A process that dies says how; the next job starts it again.
func TestProcessDies(t *testing.T) {
	p := start(t, header+`
kernel void f(device uint* out [[buffer(0)]], constant uint& deep [[buffer(1)]]) {
  if (deep) __builtin_trap();
  out[0] = 1;
}
`, None)
	job := func(deep byte) Job {
		return Job{
			Kernel: "f", Buffers: map[int][]byte{0: make([]byte, 4), 1: {deep, 0, 0, 0}}, Groups: [3]int{1, 1, 1}, Threads: [3]int{1, 1, 1},
		}
	}
	require.NoError(t, p.Run(job(0)))
	require.ErrorContains(t, p.Run(job(1)), "the executable ended within a job")
	require.NoError(t, p.Run(job(0)))
}
