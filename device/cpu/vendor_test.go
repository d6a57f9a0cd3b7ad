package cpu

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas/blastest"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var vendorRow = kernels.Catalog{*kernels.Default.Find(vendorKernel)}

func TestVendorConformance(t *testing.T) {
	blastest.Library(t)
	devicetest.Suite{Open: opener(2), Catalog: vendorRow}.Run(t)
}

// TestVendorInBlocks copies operands in blocks so small that every case has
// several.
func TestVendorInBlocks(t *testing.T) {
	blastest.Library(t)
	for _, block := range []int{1, 150, 4000} {
		devicetest.Suite{Catalog: vendorRow, Open: func(t testing.TB) device.Device {
			d := open(t, 2)
			d.vendor.block = block
			return d
		}}.Run(t)
	}
}

func TestVendorIsInTheNotes(t *testing.T) {
	l := blastest.Library(t)
	d := open(t, 2)
	defer d.Close()
	require.True(t, d.Info().Caps.Vendor)
	require.Contains(t, d.Info().Notes[len(d.Info().Notes)-1], l.String())
}

// TestVendorRuns has runs of every kind in one product: those that share a
// call, those without a product, and one with a NaN.
func TestVendorRuns(t *testing.T) {
	blastest.Library(t)
	nan := float32(math.NaN())
	for _, trans := range []bool{false, true} {
		d := open(t, 2)
		m := large(5, 9, 7)
		if trans {
			m.C.View = tensor.Matrix(make([]float32, 45), 9, 5).T()
		}
		bias := device.Host(tensor.Matrix([]float32{1, 2, 3, 4, 5}, 5, 1).Strided(tensor.Dims{1, 5, 2}, tensor.Dims{0, 1, 0}, 0))
		m.Biases = []device.Region{bias}
		m.Runs = []device.Run{
			{Columns: 1, Alpha: 2, Bias: -1},
			{Columns: 2, Alpha: 2, Bias: 0},
			{Columns: 2, Alpha: 0, Beta: 3, Bias: 0},
			{Columns: 0, Alpha: 1, Bias: -1},
			{Columns: 1, Alpha: nan, Bias: -1},
			{Columns: 3, Alpha: 1, Beta: -1, Bias: -1},
		}
		for j := range 9 {
			for i := range 5 {
				m.C.View.SetValue(0, i, j, float32(10*i+j))
			}
		}
		require.NoError(t, newCommitter(t, newQueueOf(t, d), matmulStage(t, d, vendorKernel, m)).run())
		column := 0
		for _, r := range m.Runs {
			for range r.Columns {
				for i := range 5 {
					want := 0.0
					for k := range 7 {
						want += float64(m.A.View.Value(0, i, k)) * float64(m.B.View.Value(0, k, column))
					}
					want = float64(r.Alpha)*want + float64(r.Beta)*float64(10*i+column)
					if r.Bias >= 0 {
						want += float64(i + 1)
					}
					got := float64(m.C.View.Value(0, i, column))
					if math.IsNaN(want) {
						require.True(t, math.IsNaN(got), "(%d, %d) is %v", i, column, got)
						continue
					}
					require.InDelta(t, want, got, 1e-4, "(%d, %d)", i, column)
				}
				column++
			}
		}
	}
}

// TestVendorOfSeveralDevices: they share one library and keep their threads.
func TestVendorOfSeveralDevices(t *testing.T) {
	blastest.Library(t)
	var running sync.WaitGroup
	for threads := 1; threads <= 3; threads++ {
		d := open(t, threads)
		q := newQueueOf(t, d)
		running.Go(func() {
			for range 20 {
				m := large(130, 33, 65)
				if err := newCommitter(t, q, matmulStage(t, d, vendorKernel, m)).run(); err != nil {
					t.Error(err)
					return
				}
				want := 0.0
				for k := range 65 {
					want += float64(m.A.View.Value(0, 129, k)) * float64(m.B.View.Value(0, k, 32))
				}
				if got := float64(m.C.View.Value(0, 129, 32)); math.Abs(got-want) > 1e-4 {
					t.Errorf("%v; want %v", got, want)
				}
			}
		})
	}
	running.Wait()
}

func BenchmarkVendor(b *testing.B) {
	blastest.Library(b)
	d := open(b, 0)
	c := newCommitter(b, newQueueOf(b, d), matmulStage(b, d, vendorKernel, large(1024, 1024, 1024)))
	b.ReportAllocs()
	for b.Loop() {
		if err := c.run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*1024*1024*1024*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
