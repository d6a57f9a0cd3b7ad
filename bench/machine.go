package main

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu/peak"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// machine is a number of threads: our device and the peers.
type machine struct {
	threads int
	device  *cpu.Device
	queue   device.Queue
	blas    *blas.Library
	ggml    *ggml          // nil: none
	pool    unsafe.Pointer // ggml's threads
}

func newMachine(threads int, library *blas.Library) (*machine, error) {
	d, err := cpu.Open(cpu.Config{Threads: threads, BLAS: blas.None})
	if err != nil {
		return nil, err
	}
	q, err := d.NewQueue()
	if err != nil {
		return nil, err
	}
	m := &machine{threads: threads, device: d, queue: q, blas: library, ggml: theGGML}
	if m.ggml != nil {
		m.pool = m.ggml.pool(int32(threads))
	}
	return m, nil
}

func (m *machine) close() {
	if m.ggml != nil {
		m.ggml.poolFree(m.pool)
	}
	_ = m.queue.Close()
	_ = m.device.Close()
}

// inFlight is how many batches ours has in its queue at most: a queue that is
// always asked for one thing only and then waited for is not used as it should.
const inFlight = 64

// ours is an entrant that commits a dispatch again and again, and waits for the
// last.
func (m *machine) ours(name string, key kernels.Key, d device.Dispatch) entrant {
	line, err := m.device.Compile(key)
	if err != nil {
		panic(err)
	}
	d.Pipeline = line
	var left atomic.Int64
	done := make(chan struct{}, 1)
	batches := make([]device.Batch, inFlight)
	for i := range batches {
		batches[i] = device.Batch{
			Stages: []device.Stage{{Dispatches: []device.Dispatch{d}}},
			Done: func(_ *device.Batch, _ device.Timing, err error) {
				if err != nil {
					panic(err)
				}
				if left.Add(-1) == 0 {
					done <- struct{}{}
				}
			},
		}
	}
	return entrant{name: name, run: func(times int) {
		for times > 0 {
			n := min(times, inFlight)
			left.Store(int64(n))
			for i := range n {
				m.queue.Commit(&batches[i])
			}
			<-done
			times -= n
		}
	}}
}

// blasEntrant is an entrant that calls the BLAS on all threads.
func (m *machine) blasEntrant(name string, call func()) entrant {
	e := entrant{name: name, run: func(times int) {
		m.blas.Acquire(m.threads)
		defer m.blas.Release()
		for range times {
			call()
		}
	}}
	if m.threads > 1 {
		e.settle = m.blasSettles
	}
	return e
}

// blasSettles waits until the threads of the BLAS no longer look for work; see
// findBLAS. Those of MKL do so for 0.2 s.
func (m *machine) blasSettles() {
	if m.blas.Name == "OpenBLAS" {
		time.Sleep(3 * time.Millisecond)
		return
	}
	time.Sleep(250 * time.Millisecond)
}

// memory is a matrix in memory of the device, rows contiguous.
type memory struct {
	device.Region
	rows, cols int
}

// matrix allocates a matrix of random numbers between -0.5 and 0.5.
func (m *machine) matrix(dt tensor.DType, rows, cols int) (*memory, error) {
	buffer, err := m.device.Alloc(device.SpaceShared, rows*cols*dt.Size())
	if err != nil {
		return nil, err
	}
	x := &memory{device.In(buffer, dt, tensor.Dims{1, rows, cols}, 0), rows, cols}
	x.fill()
	return x, nil
}

// fill repeats a random stretch of odd length.
func (x *memory) fill() {
	size, n := x.View.DType().Size(), min(x.rows*x.cols, 65_537)
	some := tensor.Window(x.ptr(), n*size, x.View.DType(), tensor.Dims{1, 1, n}, tensor.Dims{n, n, 1}, 0)
	for i := range n {
		some.SetValue(0, 0, i, rand.Float32()-0.5)
	}
	all := x.bytes()
	for done := n * size; done < len(all); done *= 2 {
		copy(all[done:], all[:done])
	}
}

func (x *memory) ptr() unsafe.Pointer { return x.Buffer.Pointer() }

func (x *memory) bytes() []byte {
	return unsafe.Slice((*byte)(x.ptr()), x.rows*x.cols*x.View.DType().Size())
}

// blas describes the matrix, or with trans its transpose.
func (x *memory) blas(trans bool) blas.Matrix {
	return blas.Matrix{Ptr: x.ptr(), LD: x.cols, Trans: trans}
}

// T returns the transpose as a region.
func (x *memory) T() device.Region {
	return device.Region{Buffer: x.Buffer, View: x.View.T()}
}

// free gives memory back; nil is none.
func free(xs ...*memory) {
	for _, x := range xs {
		if x != nil {
			x.Buffer.Free()
		}
	}
}

// limits are what the machine can do.
type limits struct {
	flops     float64 // operations a second
	bandwidth float64 // bytes a second, read from memory
}

// limits measures what all threads can do together.
func (s *session) limits(m *machine) (l limits, err error) {
	x, err := m.matrix(tensor.F32, s.memory, 1<<18)
	if err != nil {
		return l, err
	}
	defer free(x)
	part := len(x.bytes()) / m.threads
	var flops, bandwidth []float64
	for range 5 {
		operations := make([]float64, m.threads)
		took := m.together(func(t int) {
			for start := time.Now(); time.Since(start) < 10*time.Millisecond; {
				operations[t] += peak.FMA()
			}
		})
		sum := 0.0
		for _, n := range operations {
			sum += n
		}
		flops = append(flops, sum/took.Seconds())
		took = m.together(func(t int) { peak.Read(x.bytes()[t*part : (t+1)*part]) })
		bandwidth = append(bandwidth, float64(part*m.threads)/took.Seconds())
	}
	return limits{median(flops), median(bandwidth)}, nil
}

// together runs f on all threads at once.
func (m *machine) together(f func(thread int)) time.Duration {
	var all sync.WaitGroup
	start := time.Now()
	for t := range m.threads {
		all.Go(func() { f(t) })
	}
	all.Wait()
	return time.Since(start)
}

// roofline is the least time of a product whose operands are read once.
func (l limits) roofline(m, n, k int, w tensor.DType) time.Duration {
	bytes := float64(m)*float64(k)*float64(w.Size()) + 4*float64(n)*float64(m+k)
	operations := 2 * float64(m) * float64(n) * float64(k)
	return time.Duration(1e9 * math.Max(bytes/l.bandwidth, operations/l.flops))
}
