//go:build darwin || linux

package mtl

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
)

func TestLoadSaysWhatIsMissing(t *testing.T) {
	s := simulator(t)
	for name, spoil := range map[string]func(*Paths){
		"foundation": func(p *Paths) { p.Foundation = "/nonexistent/foundation" },
		"graphics":   func(p *Paths) { p.CoreGraphics = "/nonexistent/graphics" },
		"metal":      func(p *Paths) { p.Metal = "/nonexistent/metal" },
		"objc":       func(p *Paths) { p.ObjC = "/nonexistent/objc" },
		"mps":        func(p *Paths) { p.MPS = "/nonexistent/mps" },
	} {
		p := One(s.Path())
		spoil(&p)
		_, err := Load(p)
		require.ErrorContains(t, err, "mtl: objc: open /nonexistent/"+name)
	}
}

func TestWithoutMPS(t *testing.T) {
	s := simulator(t)
	paths := One(s.Path())
	paths.MPS = ""
	api, err := Load(paths)
	require.NoError(t, err)
	d, err := api.DefaultDevice()
	require.NoError(t, err)
	defer d.Release()
	require.False(t, d.MPS)
}

func TestDevice(t *testing.T) {
	r := newRig(t)
	m := metalsim.DefaultMachine()
	require.NotEmpty(t, r.device.Name)
	require.True(t, r.device.Unified)
	require.EqualValues(t, m.Memory, r.device.MaxWorkingSet)
	require.EqualValues(t, m.MaxBuffer, r.device.MaxBuffer)
	require.EqualValues(t, m.ThreadgroupMemory, r.device.MaxThreadgroupMemory)
	require.Equal(t, Size{Width: 1024, Height: 1024, Depth: 1024}, r.device.MaxThreadgroup)
	require.True(t, r.device.Supports(Apple7))
	require.False(t, r.device.Supports(Apple10))
}

// Without a preferred GPU it is the first of all.
func TestNoDefaultDevice(t *testing.T) {
	r := newRig(t)
	r.Fail(metalsim.NoDevice, 2)
	d, err := r.api.DefaultDevice()
	require.NoError(t, err)
	require.Equal(t, r.device.ID(), d.ID())
	d.Release()
	r.Fail(metalsim.NoDevices, 1)
	_, err = r.api.DefaultDevice()
	require.ErrorIs(t, err, ErrNoDevice)
}

func TestConstants(t *testing.T) {
	r := newRig(t)
	p := r.pipeline("scale", Constant{0, true}, Constant{1, uint32(5)}, Constant{2, int32(-2)}, Constant{3, float32(10)})
	require.Equal(t, 32, p.Width)
	require.Equal(t, 1024, p.MaxThreads)
	b, x := r.buffer(64)
	x[63] = 4
	require.NoError(t, r.compute(func(e *Encoder) {
		e.SetPipeline(p)
		e.SetBuffer(b, 0, 0)
		e.SetBytes(bytesOf(0.5), 1)
		e.Dispatch(one(2), one(32))
	}))
	require.EqualValues(t, -23, x[63])
	_, err := r.device.NewPipeline(r.shaders, "scale", []Constant{{0, "yes"}})
	require.ErrorContains(t, err, "function constant 0 is a string; allowed are")
}

// Both sizes of a dispatch arrive, and threadgroup memory does.
func TestSizes(t *testing.T) {
	r := newRig(t)
	p := r.pipeline("sizes")
	b, x := r.buffer(8)
	require.NoError(t, r.compute(func(e *Encoder) {
		e.SetPipeline(p)
		e.SetBuffer(b, 0, 0)
		e.SetThreadgroupMemory(4*24, 0)
		e.Dispatch(Size{Width: 5, Height: 6, Depth: 7}, Size{Width: 4, Height: 3, Depth: 2})
	}))
	require.Equal(t, []float32{5, 6, 7, 4, 3, 2, 23}, x[:7])
}

func TestBarrierAndOffset(t *testing.T) {
	r := newRig(t)
	p := r.pipeline("twice")
	b, x := r.buffer(256)
	x[0] = 3
	require.NoError(t, r.compute(func(e *Encoder) {
		e.SetPipeline(p)
		for i := range 3 {
			e.SetBuffer(b, 256*i, 0)
			e.SetBuffer(b, 256*(i+1), 1)
			e.Dispatch(one(1), one(32))
			e.Barrier()
		}
	}))
	require.EqualValues(t, 24, x[192])
}

// Errors are in Metal's words, with their domain and code.
func TestErrors(t *testing.T) {
	r := newRig(t)
	_, err := r.device.NewLibrary("kernel void broken(device float* x [[buffer(0)]]) { x[0] = y; }")
	require.ErrorContains(t, err, "mtl: compile: ")
	require.ErrorContains(t, err, "undeclared identifier 'y'")
	var failed *Error
	_, err = r.device.NewPipeline(r.shaders, "nonesuch", nil)
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "function nonesuch", failed.Op)
	require.NotEmpty(t, failed.Domain)

	r.FailCommand(metalsim.OutOfMemory, 0)
	err = r.run(func(*CommandBuffer) {})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, CommandErrors, failed.Domain)
	require.Equal(t, CodeOutOfMemory, failed.Code)
	require.NotEmpty(t, failed.Text)
	require.NoError(t, r.run(func(*CommandBuffer) {}))
	require.Equal(t, "mtl: x: it failed and gave no reason", r.api.failure("x", 0).Error())
}

func TestWhatMetalMakesNot(t *testing.T) {
	r := newRig(t)
	r.Fail(metalsim.NoQueue, 1)
	_, err := r.device.NewQueue()
	require.ErrorContains(t, err, "command queue")
	r.Fail(metalsim.NoBuffer, 1)
	_, err = r.device.NewBuffer(16)
	require.ErrorContains(t, err, "buffer of 16 bytes")
	r.Fail(metalsim.NoCommandBuffer, 1)
	r.api.Pool(func() { _, err = r.queue.NewCommandBuffer() })
	require.ErrorContains(t, err, "command buffer")
	_, err = r.device.NewBuffer(0)
	require.ErrorContains(t, err, "at least 1")
}

func TestCommitAndWait(t *testing.T) {
	r := newRig(t)
	r.api.Pool(func() {
		c, err := r.queue.NewCommandBuffer()
		require.NoError(t, err)
		defer c.Release()
		require.NoError(t, c.CommitAndWait())
	})
}

func TestSetBytesIsBounded(t *testing.T) {
	for _, n := range []int{0, MaxBytes + 1} {
		require.Panics(t, func() { (&Encoder{}).SetBytes(make([]byte, n), 0) })
	}
}

func TestNoCopy(t *testing.T) {
	r := newRig(t)
	pages, err := unix.Mmap(-1, 0, 3*PageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(pages)) }()
	aligned := pages[-uintptr(unsafe.Pointer(&pages[0]))%PageSize:]
	for _, bad := range [][]byte{nil, aligned[:100], aligned[64 : 64+PageSize]} {
		_, err := r.device.NewBufferNoCopy(bad)
		require.ErrorContains(t, err, "multiples of 16384")
	}
	b, err := r.device.NewBufferNoCopy(aligned[:PageSize])
	require.NoError(t, err)
	defer b.Release()
	require.Equal(t, unsafe.Pointer(&aligned[0]), b.Contents())
	require.Equal(t, PageSize, b.Len())
}

func TestResidency(t *testing.T) {
	r := newRig(t)
	require.True(t, r.device.ResidencySets)
	b, _ := r.buffer(16)
	set, err := r.device.NewResidencySet()
	require.NoError(t, err)
	r.queue.Attach(set)
	set.Add(b)
	set.Commit()
	set.Request()
	require.NoError(t, r.run(func(*CommandBuffer) {}))
	set.Remove(b)
	set.Commit()
	set.End()
	r.queue.Detach(set)
	set.Release()

	r.Fail(metalsim.NoResidencySet, 1)
	_, err = r.device.NewResidencySet()
	require.ErrorContains(t, err, "residency set")
}

func TestProduct(t *testing.T) {
	r := newRig(t)
	require.True(t, r.device.MPS)
	a, x := r.buffer(6)
	b, y := r.buffer(12)
	c, z := r.buffer(8)
	copy(x, []float32{1, 2, 3, 4, 5, 6})                   // 2 x 3
	copy(y, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1}) // 4 x 3, to be transposed
	copy(z, []float32{10, 10, 10, 10, 20, 20, 20, 20})     // 2 x 4
	m, err := r.device.NewMultiplication(Product{TransposeRight: true, Rows: 2, Columns: 4, Interior: 3, Alpha: 2, Beta: 1})
	require.NoError(t, err)
	defer m.Release()
	var matrices [3]Matrix
	require.NoError(t, r.runIn(r.queue.NewRetainingCommandBuffer, func(commands *CommandBuffer) {
		for i, d := range []struct {
			b          Buffer
			rows, cols int
		}{{a, 2, 3}, {b, 4, 3}, {c, 2, 4}} {
			matrices[i], err = r.device.NewMatrix(d.b, Layout{Matrices: 1, Rows: d.rows, Columns: d.cols, RowBytes: 4 * d.cols, MatrixBytes: 4 * d.cols * d.rows, Type: MatrixFloat32})
			require.NoError(t, err)
		}
		m.Encode(commands, matrices[0], matrices[1], matrices[2])
	}))
	for _, matrix := range matrices {
		matrix.Release()
	}
	require.Equal(t, []float32{12, 14, 16, 22, 28, 30, 32, 50}, z)
}

// Every selector has a name of its own.
func TestSelectors(t *testing.T) {
	seen := map[string]bool{}
	for i, name := range selectorNames {
		require.NotEmpty(t, name, i)
		require.False(t, seen[name], name)
		require.NotContains(t, strings.TrimSuffix(name, ":"), " ")
		seen[name] = true
	}
}
