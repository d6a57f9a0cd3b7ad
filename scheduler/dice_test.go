package scheduler_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// dice are a fuzzer's bytes, read as decisions. Without bytes every decision
// is 0, the harmless one.
type dice struct{ data []byte }

// seedDice adds n rolls of dice to a fuzzer, always the same ones.
func seedDice(f *testing.F, n int) {
	random := rand.NewChaCha8([32]byte{1})
	for range n {
		roll := make([]byte, 64)
		_, _ = random.Read(roll)
		f.Add(roll)
	}
	f.Add([]byte{})
}

func (d *dice) roll(sides int) int {
	if len(d.data) == 0 {
		return 0
	}
	x := d.data[0]
	d.data = d.data[1:]
	return int(x) % sides
}

// number is small, or as bad as numbers can be.
func (d *dice) number() int {
	worst := []int{-1, math.MaxInt, math.MaxInt / 2, math.MinInt, 1 << 31, 1 << 40, 1<<61 + 1, 255}
	if i := d.roll(24); i < len(worst) {
		return worst[i]
	}
	return d.roll(10)
}

// field is memory with guards around each of its plots.
type field struct{ memory []byte }

const (
	plots, plotSize, plotGuard = 4, 1024, 256
	plotPitch                  = plotSize + plotGuard
)

func newField(d *dice) *field {
	words := make([]uint64, (plotGuard+plots*plotPitch)/8) // aligned
	f := &field{unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)}
	for i := range f.memory {
		f.memory[i] = 0x3c // small positive numbers in every type
	}
	for range d.roll(4) {
		f.memory[d.roll(256)*16] = byte(d.roll(256))
	}
	return f
}

func (f *field) plot(i int) unsafe.Pointer { return unsafe.Pointer(&f.memory[plotGuard+i*plotPitch]) }

// view returns a matrix over a plot, or what the dice make of it.
func (d *dice) view(f *field, plot int, dt tensor.DType, dims tensor.Dims) tensor.View {
	strides, offset := tensor.Compact(dims), 0
	spoil := d.roll(40)
	switch spoil {
	case 1, 2:
		dims[d.roll(3)] = d.number()
	case 3, 4:
		strides[d.roll(3)] = d.number()
	case 5, 6:
		offset = d.number()
	case 7:
		dt = tensor.DType(d.roll(256))
	case 8:
		plot = d.roll(plots) // perhaps another's
	case 9, 10, 11, 12:
		strides = tensor.Dims{dims[1] * dims[2], 1, dims[1]}
	}
	v := tensor.Window(f.plot(plot), plotSize, dt, dims, strides, offset)
	switch spoil {
	case 13:
		v = v.Slice(d.number(), d.number(), d.number(), d.number())
	case 14:
		v = v.Broadcast(d.number())
	case 15:
		v = v.Sub(d.number(), d.number())
	case 16:
		v = tensor.View{}
	case 17:
		v = tensor.Window(nil, plotSize, dt, dims, strides, offset)
	}
	return v
}

// options are any options.
func (d *dice) options() (o job.Options) {
	switch d.roll(12) {
	case 1:
		o.Deadline = time.Unix(0, math.MinInt64)
	case 2:
		o.Deadline = time.Unix(1<<60, 0)
	case 3:
		o.Deadline = time.Now().Add(-time.Nanosecond)
	case 4:
		o.Deadline = time.Now().Add(math.MaxInt64)
	case 5:
		o.Priority = job.Priority(d.roll(256) - 128)
	case 6:
		o.Tenant = strings.Repeat("\xff\x00\"\n", d.roll(256)<<8)
	case 7:
		o.Priority = job.Priority(d.roll(3) - 1)
	}
	o.Wait = d.roll(2) == 1
	return o
}

var types = []tensor.DType{tensor.F32, tensor.F32, tensor.F16, tensor.BF16}

// matmul returns a product of up to 8 x 8 x 8, right or wrong.
func (d *dice) matmul(f *field, w tensor.View) *job.Matmul {
	m, k, n, batch := 1+d.roll(8), 1+d.roll(8), 1+d.roll(8), 1+d.roll(2)*d.roll(2)
	dt := types[d.roll(4)]
	j := &job.Matmul{Options: d.options()}
	j.A = d.view(f, 0, dt, tensor.Dims{batch, m, k})
	if d.roll(4) == 1 {
		m, k, batch, dt, j.A = w.Rows(), w.Cols(), 1, w.DType(), w
	}
	j.B, j.C = d.view(f, 1, dt, tensor.Dims{batch, k, n}), d.view(f, 2, dt, tensor.Dims{batch, m, n})
	if d.roll(3) == 1 {
		j.Bias = d.view(f, 3, dt, tensor.Dims{1, 1, n})
	}
	j.TransA, j.TransB = d.roll(16) == 1, d.roll(16) == 1
	switch d.roll(6) {
	case 1:
		j.Scale = job.AlphaBeta(float32(math.NaN()), float32(math.Inf(-1)))
	case 2:
		j.Scale = job.AlphaBeta(0, 1)
	}
	return j
}

// attention returns an attention of up to 4 heads, 4 rows and 8 keys, right or
// wrong.
func (d *dice) attention(f *field) *job.Attention {
	kv, rows, keys, dim, dt := 1+d.roll(2), 1+d.roll(4), d.roll(9), 1+d.roll(4), types[d.roll(4)]
	heads := kv * (1 + d.roll(2))
	j := &job.Attention{
		Q: d.view(f, 0, dt, tensor.Dims{heads, rows, dim}), K: d.view(f, 1, dt, tensor.Dims{kv, keys, dim}),
		V: d.view(f, 2, dt, tensor.Dims{kv, keys, dim}), O: d.view(f, 3, dt, tensor.Dims{heads, rows, dim}),
		Causal: d.roll(2) == 1, Options: d.options(),
	}
	if d.roll(3) == 1 {
		j.QueryOffset = d.number() - d.roll(4)
	}
	if d.roll(16) == 1 {
		j.Scale = float32(math.Inf(1))
	}
	return j
}

// softmax returns a softmax of up to 8 x 16, right or wrong.
func (d *dice) softmax(f *field) *job.Softmax {
	dims, dt := tensor.Dims{1 + d.roll(2), 1 + d.roll(8), 1 + d.roll(16)}, types[d.roll(4)]
	j := &job.Softmax{X: d.view(f, 0, dt, dims), Options: d.options(), Causal: d.roll(2) == 1}
	if d.roll(2) == 1 {
		j.Y = d.view(f, d.roll(plots), dt, dims)
	}
	if d.roll(3) == 1 {
		j.QueryOffset = d.number()
	}
	return j
}
