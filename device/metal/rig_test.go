//go:build darwin || linux

package metal

import (
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// queue opens a queue that the test's end closes.
func (s *simulated) queue() device.Queue {
	q, err := s.device.NewQueue()
	require.NoError(s, err)
	s.Cleanup(func() { _ = q.Close() }) // some tests close it themselves
	return q
}

// ended is what Done was told.
type ended struct {
	id     uint64
	timing device.Timing
	err    error
}

// commit commits stages; the channel gets what Done is told.
func commit(q device.Queue, to chan<- ended, id uint64, stages ...device.Stage) {
	q.Commit(&device.Batch{ID: id, Stages: stages, Done: func(b *device.Batch, t device.Timing, err error) {
		to <- ended{b.ID, t, err}
	}})
}

// run commits stages and waits for their end.
func run(q device.Queue, stages ...device.Stage) error {
	end := make(chan ended, 1)
	commit(q, end, 0, stages...)
	return (<-end).err
}

func copies(all ...device.Copy) device.Stage       { return device.Stage{Copies: all} }
func work(all ...device.Dispatch) device.Stage     { return device.Stage{Dispatches: all} }
func transfer(dst, src device.Region) device.Stage { return copies(device.Copy{Dst: dst, Src: src}) }
func column(values []float32) device.Region        { return device.Host(tensor.Vector(values)) }
func floats(b device.Buffer) []float32 {
	return unsafe.Slice((*float32)(b.(*buffer).part.memory), b.Len()/4)
}

// width is the length of the vectors that tests compute with.
const width = 8

func (s *simulated) vector(space device.Space) device.Region {
	return device.In(s.alloc(space, 4*width), tensor.F32, tensor.Dims{1, width, 1}, 0)
}

// doubling returns the dispatch to = alpha*from, a product with the identity.
func (s *simulated) scaling(kernel string, alpha float32, to, from device.Region) device.Dispatch {
	key := gemv
	key.Kernel = kernel
	p, err := s.device.Compile(key)
	require.NoError(s, err)
	identity := device.In(s.alloc(device.SpaceShared, 4*width*width), tensor.F32, tensor.Dims{1, width, width}, 0)
	clear(floats(identity.Buffer))
	for i := range width {
		floats(identity.Buffer)[i*width+i] = 1
	}
	return device.Dispatch{Pipeline: p, Matmul: &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: width, N: 1, K: width},
		A:     identity, B: from, C: to,
		Runs: []device.Run{{Columns: 1, Alpha: alpha, Bias: -1}},
	}}
}

func ones() []float32 {
	v := make([]float32, width)
	for i := range v {
		v[i] = 1
	}
	return v
}
