//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// BenchmarkQueue feeds a queue with batches as the scheduler makes them: vectors
// in the caller's memory are gathered, multiplied with a matrix, and copied to the
// caller's memory when the batch is done; so many batches at a time. factors
// gives each vector another alpha, which makes a table.
func BenchmarkQueue(b *testing.B) {
	d := needGPU(b)
	defer func() { require.NoError(b, d.Close()) }()
	for _, c := range []struct {
		m, k, n, depth int
		factors        bool
	}{
		{4096, 4096, 20, 1, false},
		{4096, 4096, 20, 3, false},
		{4096, 4096, 64, 1, false},
		{4096, 4096, 64, 2, false},
		{4096, 4096, 64, 3, false},
		{4096, 4096, 64, 1, true},
		{9728, 896, 20, 3, false},
		{9728, 896, 64, 1, false},
		{9728, 896, 64, 3, false},
	} {
		name := fmt.Sprintf("%dx%d/N%d/depth=%d", c.m, c.k, c.n, c.depth)
		if c.factors {
			name += "/factors"
		}
		b.Run(name, func(b *testing.B) {
			f := newFeed(b, d, c.m, c.k)
			for range c.depth {
				f.add(b, c.n, c.factors)
			}
			f.run(b.N) // compiled, and memory is there
			busy, idle := d.Busy()
			b.ReportAllocs()
			b.ResetTimer()
			f.run(b.N)
			b.StopTimer()
			busyAfter, idleAfter := d.Busy()
			busy, idle = busyAfter-busy, idleAfter-idle
			b.ReportMetric(float64(c.n*b.N)/b.Elapsed().Seconds(), "vectors/s")
			b.ReportMetric(100*idle.Seconds()/(busy+idle).Seconds(), "%idle")
			b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "gpu-µs")
			f.check(b)
			f.close(b)
		})
	}
}

// feed is a queue, a matrix and batches that go round.
type feed struct {
	device   *Device
	queue    device.Queue
	pipeline device.Pipeline
	w        device.Region
	m, k     int
	all      []*device.Batch
	free     chan *device.Batch
	x, y     map[*device.Batch][]tensor.View
	memory   []device.Buffer
	failed   error
}

func newFeed(b *testing.B, d *Device, m, k int) *feed {
	p, err := d.Compile(kernels.Key{Kernel: "matmul_smalln_n16", A: tensor.F16, B: tensor.F16, C: tensor.F16, Bucket: kernels.Default.Find("matmul_smalln_n16").Bucket})
	require.NoError(b, err)
	q, err := d.NewQueue()
	require.NoError(b, err)
	return &feed{
		device: d, queue: q, pipeline: p, m: m, k: k, w: random(b, d, tensor.F16, tensor.Dims{1, m, k}),
		free: make(chan *device.Batch, carriers), x: map[*device.Batch][]tensor.View{}, y: map[*device.Batch][]tensor.View{},
	}
}

// add makes one more batch, of n vectors.
func (f *feed) add(b *testing.B, n int, factors bool) {
	shared, err := f.device.Alloc(device.SpaceShared, n*(f.m+f.k)*2)
	require.NoError(b, err)
	f.memory = append(f.memory, shared)
	mm := &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: f.m, N: n, K: f.k}, A: f.w,
		B: turned(device.In(shared, tensor.F16, tensor.Dims{1, n, f.k}, 0)),
		C: turned(device.In(shared, tensor.F16, tensor.Dims{1, n, f.m}, n*f.k)),
	}
	batch := &device.Batch{}
	var gather []device.Copy
	for i := range n {
		x, y := make([]tensor.Float16, f.k), make([]tensor.Float16, f.m)
		for j := range x {
			x[j] = tensor.ToFloat16(float32((i+j)%7) - 3)
		}
		column := mm.B
		column.View.Columns(i, i+1)
		gather = append(gather, device.Copy{Dst: column, Src: device.Host(tensor.Vector(x))})
		f.x[batch] = append(f.x[batch], tensor.Vector(x))
		f.y[batch] = append(f.y[batch], tensor.Vector(y))
		run := device.Run{Columns: 1, Alpha: 1, Bias: -1}
		if factors {
			run.Alpha = 1 + float32(i)
		}
		mm.Runs = append(mm.Runs, run)
	}
	batch.Stages = []device.Stage{{Copies: gather}, {Dispatches: []device.Dispatch{{Pipeline: f.pipeline, Matmul: mm}}}}
	batch.Done = func(batch *device.Batch, _ device.Timing, err error) {
		if err != nil {
			f.failed = err
		}
		for i, y := range f.y[batch] {
			column := mm.C.View
			column.Columns(i, i+1)
			tensor.Copy(y, column)
		}
		f.free <- batch
	}
	f.all = append(f.all, batch)
	f.free <- batch
}

// run commits n batches and waits for their ends.
func (f *feed) run(n int) {
	for range max(n, len(f.all)) {
		f.queue.Commit(<-f.free)
	}
	for range f.all {
		<-f.free
	}
	for _, batch := range f.all {
		f.free <- batch
	}
}

// check compares some results with each other batch's and with sums of the host.
func (f *feed) check(b *testing.B) {
	require.NoError(b, f.failed)
	w := make([]tensor.Float16, f.m*f.k)
	_, err := device.Await(f.queue, device.Stage{Copies: []device.Copy{{Dst: device.Host(tensor.Matrix(w, f.m, f.k)), Src: f.w}}})
	require.NoError(b, err)
	host := tensor.Matrix(w, f.m, f.k)
	mm := f.all[0].Stages[1].Dispatches[0].Matmul
	for i := 0; i < f.m; i += f.m / 3 {
		for j := range mm.Runs {
			var want float64
			for k := range f.k {
				want += float64(host.Value(0, i, k)) * float64(f.x[f.all[0]][j].Value(0, k, 0))
			}
			want *= float64(mm.Runs[j].Alpha)
			for _, batch := range f.all {
				require.InDelta(b, want, f.y[batch][j].Value(0, i, 0), max(0.5, 0.01*max(want, -want)), "row %d of vector %d", i, j)
			}
		}
	}
}

func (f *feed) close(b *testing.B) {
	require.NoError(b, f.queue.Close())
	for _, m := range f.memory {
		m.Free()
	}
}
