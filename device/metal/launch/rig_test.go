package launch_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// apple is what an Apple GPU can do.
var apple = kernels.Caps{SIMDMatrix: true, SIMDReduction: true, SIMDWidth: 32, MaxThreadgroup: 1024, VendorHelp: "shaders alone"}

// rig runs shaders on the processor, as their launches say.
type rig struct {
	programs *programs
	schedule msl.Schedule
	edit     func(source string) string // nil for none
	err      error                      // of the runs since it was looked at
}

// implementation is what the kernels' suites run.
func (r *rig) implementation(caps kernels.Caps, catalog kernels.Catalog) kerneltest.Implementation {
	return kerneltest.Implementation{
		Catalog: catalog,
		Caps:    caps,
		Matmul: func(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
			r.note(t, r.dispatch(key, device.Dispatch{Matmul: bind(m)}))
		},
		Softmax: func(t testing.TB, key kernels.Key, s *kerneltest.Softmax) {
			bound := &device.Softmax{X: place(s.X), Y: place(s.Y)}
			if s.X == s.Y {
				bound.Y = bound.X
			}
			for _, run := range s.Rows {
				bound.Rows = append(bound.Rows, device.RowRun(run))
			}
			r.note(t, r.dispatch(key, device.Dispatch{Softmax: bound}))
		},
	}
}

func (r *rig) note(t testing.TB, err error) {
	if t != nil {
		require.NoError(t, err)
	}
	if r.err == nil {
		r.err = err
	}
}

// ran returns what went wrong since it was last called.
func (r *rig) ran() (err error) {
	err, r.err = r.err, nil
	return err
}

func (r *rig) dispatch(key kernels.Key, d device.Dispatch) error {
	var l launch.Launch
	empty, err := l.Dispatch(key, &d)
	if err != nil || empty {
		return err
	}
	k, err := launch.Compile(key)
	if err != nil {
		return err
	}
	if r.edit != nil {
		k.Source = r.edit(k.Source)
	}
	program, err := r.programs.get(k.Source)
	if err != nil {
		return err
	}
	return program.Run(r.job(k, &l))
}

func (r *rig) job(k launch.Kernel, l *launch.Launch) msl.Job {
	j := msl.Job{
		Kernel: k.Entry, Constants: map[int][]byte{}, Buffers: map[int][]byte{},
		Groups: l.Grid.Groups, Threads: l.Grid.Threads, Schedule: r.schedule,
	}
	for _, c := range k.Constants {
		bits := binary.LittleEndian.AppendUint32(nil, c.Value)
		if c.Type == launch.Bool {
			bits = bits[:1]
		}
		j.Constants[c.Index] = bits
	}
	for index, b := range map[int]device.Buffer{
		launch.BufferA: l.A, launch.BufferB: l.B, launch.BufferC: l.C, launch.BufferBias: l.Bias,
	} {
		if b != nil {
			j.Buffers[index] = b.(*memory).bytes
		}
	}
	for index, b := range map[int][]byte{
		launch.BufferArguments: l.Arguments, launch.BufferRuns: l.Runs, launch.BufferBiases: l.Biases,
	} {
		if b != nil {
			j.Buffers[index] = b
		}
	}
	return j
}

// programs keeps what was built, by its source.
type programs struct {
	open func(source string) (msl.Runner, error)
	mu   sync.Mutex
	all  map[string]func() (msl.Runner, error)
}

func (p *programs) get(source string) (msl.Runner, error) {
	p.mu.Lock()
	get, ok := p.all[source]
	if !ok {
		get = sync.OnceValues(func() (msl.Runner, error) { return p.open(source) })
		p.all[source] = get
	}
	p.mu.Unlock()
	return get() // others may build at the same time
}

// libraries run in this process.
func libraries(t testing.TB) *programs {
	needClang(t)
	return closing(t, func(source string) (msl.Runner, error) {
		path, err := msl.Build(context.Background(), source, msl.Options{})
		if err != nil {
			return nil, err
		}
		return msl.Open(path)
	})
}

// sanitized run in processes of their own.
func sanitized(t testing.TB, s msl.Sanitizer) *programs {
	needClang(t)
	return closing(t, func(source string) (msl.Runner, error) {
		path, err := msl.Build(context.Background(), source, msl.Options{Executable: true, Sanitizer: s})
		if err != nil {
			return nil, err
		}
		return msl.Start(path)
	})
}

func closing(t testing.TB, open func(source string) (msl.Runner, error)) *programs {
	p := &programs{open: open, all: map[string]func() (msl.Runner, error){}}
	t.Cleanup(func() {
		for _, get := range p.all {
			r, err := get()
			if c, ok := r.(interface{ Close() error }); ok && err == nil {
				_ = c.Close() // a process that a sanitizer ended says so again
			}
		}
	})
	return p
}

// memory is a buffer of the test's.
type memory struct{ bytes []byte }

func (m *memory) Space() device.Space     { return device.SpaceShared }
func (m *memory) Len() int                { return len(m.bytes) }
func (m *memory) Pointer() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(m.bytes)) }
func (m *memory) Free()                   {}

func place(o *kerneltest.Operand) device.Region {
	return in(&memory{o.Memory}, o.View, 0)
}

func in(m *memory, v tensor.View, offset int) device.Region {
	return device.Region{Buffer: m, View: tensor.Window(m.Pointer(), m.Len(), v.DType(), v.Dims(), v.Strides(), offset+v.Offset())}
}

// bind places the operands of a case, its biases in one buffer.
func bind(m *kerneltest.Matmul) *device.Matmul {
	bound := &device.Matmul{Shape: m.Shape, A: place(m.A), B: place(m.B), C: place(m.C)}
	for _, run := range m.Runs {
		bound.Runs = append(bound.Runs, device.Run(run))
	}
	together := &memory{}
	for _, o := range m.Biases {
		together.bytes = append(together.bytes, o.Memory...)
	}
	at := 0
	for _, o := range m.Biases {
		bound.Biases = append(bound.Biases, in(together, o.View, at))
		at += len(o.Memory) / o.View.DType().Size()
	}
	return bound
}

func (r *rig) String() string { return fmt.Sprint(r.schedule) }
