//go:build linux && (amd64 || arm64)

package cuda

import (
	"cmp"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	shaders "github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// entryProduct is a product that starts some function.
type entryProduct struct {
	shape  kernels.Shape
	tile   kernels.Tile
	turned [3]bool // A, B, C
	odd    bool    // at places, and with strides, that suit no wide access
}

// entryShapes are products, small ones first. No side is a multiple of a tile's.
var entryShapes = func() (all []entryProduct) {
	add := func(tile kernels.Tile, batch, m, n, k int) {
		all = append(all, entryProduct{shape: kernels.Shape{Batch: batch, M: m, N: n, K: k}, tile: tile})
	}
	for _, n := range []int{1, 2, 4, 7, 14, 30, 72} {
		for _, k := range []int{584, 1864, 4360} { // which fill all strands' places for tiles twice
			add(kernels.Tile{}, 2, 40, n, k)
		}
		for _, s := range [][2]int{{22, 136}, {34, 136}, {34, 200}, {66, 136}} { // tiles enough for tall ones
			add(kernels.Tile{}, s[0], s[1], n, 72)
		}
		for _, m := range []int{4200, 34000} {
			add(kernels.Tile{}, 1, m, n, 264)
		}
	}
	// Which wide tile is chosen depends on the multiprocessors: these are for an H100.
	for _, s := range [][4]int{
		{50, 120, 58, 72},
		{1000, 56, 58, 24}, // of 64 columns
		// With maps: some blocks have two tiles, and fill the places for steps of K in
		// each twice.
		{140, 24, 30, 832},
		{135, 56, 30, 704},
		{135, 72, 30, 576},
		{264, 88, 30, 448},
		{2, 40, 30, 5120}, // in clusters
		{2, 40, 58, 5120},
	} {
		add(kernels.Tile{}, s[0], s[1], s[2], s[3])
	}
	add(kernels.Tile{}, 34, 136, 264, 136)
	for _, tile := range []kernels.Tile{{M: 32, N: 32}, {M: 64, N: 64}, {M: 128, N: 128}, {M: 128, N: 256}} {
		add(tile, 2, tile.M+8, tile.N+8, 200) // which fills the four places of other GPUs' simd twice
		add(tile, 2, tile.M+8, tile.N+8, 456) // and those of Hopper's
	}
	slices.SortStableFunc(all, func(a, b entryProduct) int { return cmp.Compare(a.elements(), b.elements()) })
	return all
}()

func (p *entryProduct) elements() int {
	s := p.shape
	return s.Batch * (s.M*s.K + s.K*s.N + s.M*s.N)
}

// smallest returns the smallest product that starts a function, nil if none does.
// All functions have one that lies along K.
func (b *entryBench) smallest(t *testing.T, key kernels.Key, name string) *entryProduct {
	sized := key.Kernel == "matmul_simd" || key.Kernel == "matmul_mlx"
	for _, p := range entryShapes {
		p.turned[1] = true
		fits := p.tile != kernels.Tile{} || p.shape.N > 100
		if sized && (!fits || b.hopper(key) && p.shape.K < 456) || !sized && fits {
			continue
		}
		if b.entryOf(t, key, p) == name {
			return &p
		}
	}
	return nil
}

func (b *entryBench) hopper(key kernels.Key) bool {
	k, err := launch.Compile(key, b.device.gpu)
	return err == nil && shaders.Hopper(k.File)
}

// waysOf are the ways in which a product is laid out: A, B and C turned or not, at
// places that suit wide access and that do not. All 16 are for small products of
// types whose layouts matter in ways of their own.
func waysOf(key kernels.Key, p *entryProduct) (ways []int) {
	own := slices.Index(everyType, [3]tensor.DType{key.A, key.B, key.C}) < allWays
	switch large := p.elements() > 1<<18; {
	case large && !own:
		return []int{6, 9}
	case !own:
		return []int{1, 6, 14}
	case large:
		return []int{0, 1, 6, 7, 9, 14}
	}
	for way := range 16 {
		ways = append(ways, way)
	}
	return ways
}

// products starts a function with its smallest product, laid out in many ways.
func (b *entryBench) products(t *testing.T, key kernels.Key, name string) {
	p := b.smallest(t, key, name)
	if p == nil {
		return
	}
	for _, way := range waysOf(key, p) {
		this := *p
		this.turned = [3]bool{way&1 != 0, way&2 != 0, way&4 != 0}
		if this.odd = way&8 != 0; this.odd {
			this.shape.K++
		}
		if b.entryOf(t, key, this) == name {
			b.product(t, key, this, way)
		}
	}
}

// entryOf returns the function that a product starts: the queue asks for it in
// the same words.
func (b *entryBench) entryOf(t *testing.T, key kernels.Key, p entryProduct) string {
	key.Tile = p.tile
	nowhere := func(dt tensor.DType, rows, cols int, turned bool) device.Region {
		dims := tensor.Dims{p.shape.Batch, rows, cols}
		buffer := &buffer{space: device.SpaceDevice, length: p.shape.Batch * rows * cols * dt.Size()}
		if !turned {
			return device.In(buffer, dt, dims, 0)
		}
		r := device.In(buffer, dt, tensor.Dims{dims[0], cols, rows}, 0)
		r.View.Transpose()
		return r
	}
	s, l := p.shape, launch.Launch{GPU: b.device.gpu}
	empty, err := l.Dispatch(key, &device.Dispatch{Matmul: &device.Matmul{
		Shape: s, A: nowhere(key.A, s.M, s.K, p.turned[0]), B: nowhere(key.B, s.K, s.N, p.turned[1]), C: nowhere(key.C, s.M, s.N, p.turned[2]),
		Runs: []device.Run{{Columns: s.N, Alpha: 1, Bias: -1}},
	}})
	require.NoError(t, err)
	require.False(t, empty)
	return l.Entry
}

// product computes a product of whole numbers, which every order of summation
// gets right to the last bit, with factors and biases that depend on the way.
func (b *entryBench) product(t *testing.T, key kernels.Key, p entryProduct, way int) {
	s, known := p.shape, b.knownProduct(p.shape)
	operand := func(dt tensor.DType, rows, cols int, turned bool, values []int8) *kerneltest.Operand {
		o := kerneltest.NewOperand(dt, tensor.Dims{s.Batch, rows, cols}, layoutOf(turned, p.odd), false)
		o.Fill(func(b, i, j int) float32 { return float32(values[(b*rows+i)*cols+j]) })
		return o
	}
	m := &kerneltest.Matmul{
		A: operand(key.A, s.M, s.K, p.turned[0], known.a), B: operand(key.B, s.K, s.N, p.turned[1], known.b),
		C: operand(key.C, s.M, s.N, p.turned[2], known.c),
	}
	switch half := s.N / 2; way % 3 {
	case 0:
		m.Runs = []kerneltest.Run{{Columns: s.N, Alpha: 2, Bias: -1}}
	case 1:
		m.Runs = []kerneltest.Run{{Columns: s.N - half, Alpha: 1, Beta: -1, Bias: 0}, {Columns: half, Alpha: 2, Bias: 1}}
		m.Biases = []*kerneltest.Operand{biasOf(key.C, s.M, s.N-half, 0, 1), biasOf(key.C, s.M, half, 1, 0)}
	case 2:
		m.Runs = []kerneltest.Run{{Columns: half, Beta: 2, Bias: -1}, {Columns: s.N - half, Alpha: -1, Beta: 1, Bias: -1}}
	}
	all := append([]*kerneltest.Operand{m.A, m.B, m.C}, m.Biases...)
	for _, o := range all {
		o.Seal()
	}
	key.Tile = p.tile
	key.TransA, key.TransB, key.BetaNonZero, key.Bias = p.turned[0], p.turned[1], way%3 != 0, len(m.Biases) > 0
	place := placement{bench: b, odd: p.odd}
	bound := &device.Matmul{Shape: s, A: place.put(t, m.A), B: place.put(t, m.B), C: place.put(t, m.C)}
	for _, r := range m.Runs {
		bound.Runs = append(bound.Runs, device.Run(r))
	}
	bound.Biases = place.putAll(t, m.Biases)
	place.run(t, key, device.Dispatch{Matmul: bound}, m.C)
	known.check(t, key, p, m)
	require.NoError(t, m.C.Changed(func(int, int, int) bool { return true }), "%v %+v: beside C", key, p)
}

func layoutOf(turned, odd bool) kerneltest.Layout {
	switch {
	case turned && odd:
		return kerneltest.ColumnPadded
	case turned:
		return kerneltest.ColumnMajor
	case odd:
		return kerneltest.RowPadded
	}
	return kerneltest.RowMajor
}

// biasOf makes a bias with a value for each row or for each column.
func biasOf(dt tensor.DType, rows, cols, row, col int) *kerneltest.Operand {
	memory := make([]byte, max(1, rows*row+cols*col)*dt.Size())
	o := &kerneltest.Operand{
		View:   tensor.Window(unsafe.Pointer(unsafe.SliceData(memory)), len(memory), dt, tensor.Dims{1, rows, cols}, tensor.Dims{0, row, col}, 0),
		Memory: memory,
	}
	o.Fill(func(_, i, j int) float32 { return biasAt(i*row + j*col) })
	return o
}

func biasAt(i int) float32 { return float32(i%5 - 2) }
