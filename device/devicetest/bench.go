package devicetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// bench is a device under test with one queue.
type bench struct {
	suite  *Suite
	device device.Device
	queue  device.Queue
	lines  map[kernels.Key]device.Pipeline
}

// newBench opens a device; the test's end closes it.
func newBench(t *testing.T, s *Suite) *bench {
	d := s.Open(t)
	b := &bench{suite: s, device: d, queue: openQueue(t, d), lines: map[kernels.Key]device.Pipeline{}}
	t.Cleanup(func() {
		if b.queue != nil {
			require.NoError(t, b.queue.Close())
		}
		require.NoError(t, d.Close())
	})
	return b
}

func openQueue(t testing.TB, d device.Device) device.Queue {
	q, err := d.NewQueue()
	require.NoError(t, err)
	return q
}

// run commits stages as one batch and waits for its end.
func (b *bench) run(stages ...device.Stage) error {
	_, err := device.Await(b.queue, stages...)
	return err
}

// compile compiles each key once.
func (b *bench) compile(t testing.TB, key kernels.Key) device.Pipeline {
	if p, ok := b.lines[key]; ok {
		return p
	}
	p, err := b.device.Compile(key)
	require.NoError(t, err, "%v", key)
	b.lines[key] = p
	return p
}

// alloc returns memory that the test's end frees.
func (b *bench) alloc(t testing.TB, space device.Space, bytes int) device.Buffer {
	buffer, err := b.device.Alloc(space, bytes)
	require.NoError(t, err)
	t.Cleanup(buffer.Free)
	return buffer
}
