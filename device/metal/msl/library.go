//go:build darwin || (linux && (amd64 || arm64))

package msl

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// Library is a shared library made by Build, open in this process. An access
// outside of a buffer is not noticed here, or ends the process.
type Library struct {
	mu      sync.Mutex // the library has one set of static variables
	handle  uintptr    // 0 when closed
	kernels []Kernel
	run     func(*cJob) int32
	failure func() *byte
}

// Open loads a shared library made by Build.
func Open(path string) (*Library, error) {
	handle, err := dynlib.Open(path)
	if err != nil {
		return nil, fmt.Errorf("msl: %w", err)
	}
	l := &Library{handle: handle}
	table, err := dynlib.Symbol(handle, "msl_kernels")
	if err != nil {
		return nil, fmt.Errorf("msl: %s is no library of shaders: %w", path, err)
	}
	l.kernels = kernelsAt(*(**cKernel)(unsafe.Pointer(&table)))
	purego.RegisterLibFunc(&l.run, handle, "msl_run")
	purego.RegisterLibFunc(&l.failure, handle, "msl_error")
	return l, nil
}

// Kernels returns what the library can run. The caller must not change it.
func (l *Library) Kernels() []Kernel { return l.kernels }

// Close unloads the library, after the job that runs.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handle == 0 {
		return fmt.Errorf("msl: library: %w", ErrClosed)
	}
	handle := l.handle
	l.handle = 0
	if err := purego.Dlclose(handle); err != nil {
		return fmt.Errorf("msl: %w", err)
	}
	return nil
}

// cBinding and cJob are msl_binding and msl_job of the ABI.
type cBinding struct {
	data  unsafe.Pointer
	size  uint64
	index uint32
	_     uint32
}

type cJob struct {
	kernel                                       *byte
	constants, buffers, threadgroup              *cBinding
	constantCount, bufferCount, threadgroupCount uint32
	groups, threads                              [3]uint32
	order, seed                                  uint32
}

// Run runs a job; see Runner.
func (l *Library) Run(j Job) error {
	if err := j.validate(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handle == 0 {
		return fmt.Errorf("msl: library: %w", ErrClosed)
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	name := append([]byte(j.Kernel), 0)
	c := &cJob{kernel: &name[0], order: j.Schedule.order, seed: j.Schedule.seed}
	pins.Pin(c)
	pins.Pin(c.kernel)
	c.constants, c.constantCount = bind(&pins, j.Constants)
	c.buffers, c.bufferCount = bind(&pins, j.Buffers)
	var memory []cBinding
	for _, i := range slices.Sorted(maps.Keys(j.Threadgroup)) {
		memory = append(memory, cBinding{size: uint64(j.Threadgroup[i]), index: uint32(i)})
	}
	c.threadgroup, c.threadgroupCount = pinned(&pins, memory)
	for i := range 3 {
		c.groups[i], c.threads[i] = uint32(j.Groups[i]), uint32(j.Threads[i])
	}
	status := l.run(c)
	return statusError(int(status), text(l.failure()))
}

// bind lists memory for C and keeps it where it is. An empty slice is not bound.
func bind(pins *runtime.Pinner, memory map[int][]byte) (*cBinding, uint32) {
	var out []cBinding
	for _, i := range slices.Sorted(maps.Keys(memory)) {
		data := unsafe.SliceData(memory[i])
		if len(memory[i]) > 0 {
			pins.Pin(data)
			out = append(out, cBinding{data: unsafe.Pointer(data), size: uint64(len(memory[i])), index: uint32(i)})
		}
	}
	return pinned(pins, out)
}

func pinned(pins *runtime.Pinner, list []cBinding) (*cBinding, uint32) {
	if len(list) == 0 {
		return nil, 0
	}
	pins.Pin(&list[0])
	return &list[0], uint32(len(list))
}
