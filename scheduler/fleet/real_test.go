package fleet_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

var realDevices = flag.String("fleet.devices", "", "the devices for TestReal, such as cuda:0,cuda:1 or cuda:all")

const realSize = 1024

// openReal opens the devices that the flag names, or the first of them.
func openReal(t *testing.T, onlyFirst bool, cfg fleet.Config) (*rig, int) {
	names, err := discover.Expand(*realDevices)
	require.NoError(t, err)
	if cfg.Scheduler.DeviceName = *realDevices; onlyFirst {
		cfg.Scheduler.DeviceName = names[0]
	}
	r := &rig{}
	cfg.Scheduler.Recorder = &r.diary
	f, err := fleet.Open(background, cfg)
	require.NoError(t, err)
	r.Fleet = f
	return r, len(names)
}

// TestReal runs a fleet on devices of this machine: operands spread over all,
// results are right and have the same bits on each, what does not fit is
// evicted and brought back. It also tells how much faster all are than one.
func TestReal(t *testing.T) {
	if *realDevices == "" {
		t.Skip("NOT TESTED: devices of this machine; go test ./scheduler/fleet -run TestReal -v -fleet.devices cuda:0,cuda:1")
	}
	t.Run("spread", realSpread)
	t.Run("bits", realBits)
	t.Run("eviction", realEviction)
	t.Run("speed", realSpeed)
}

func realWeight(t *testing.T, r *rig, seed uint64) (*fleet.Operand, []float32) {
	xs := random(rand.New(rand.NewPCG(seed, 1)), realSize*realSize)
	w, err := r.Load(tensor.Matrix(xs, realSize, realSize))
	require.NoError(t, err)
	return w, xs
}

// realProducts runs products of one column at once and returns their results.
func realProducts(t *testing.T, r *rig, w job.Operand, n int) (xs, ys [][]float32) {
	var all sync.WaitGroup
	for i := range n {
		xs = append(xs, random(rand.New(rand.NewPCG(uint64(i), 2)), realSize))
		ys = append(ys, make([]float32, realSize))
		all.Go(func() {
			if err := r.Do(background, &job.Matmul{A: w.View(), B: tensor.Vector(xs[i]), C: tensor.Vector(ys[i])}); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	return xs, ys
}

// requireRight compares some rows with float64.
func requireRight(t *testing.T, w []float32, xs, ys [][]float32) {
	t.Helper()
	for i, x := range xs {
		for row := i % 7; row < realSize; row += 97 {
			sum, size := 0.0, 0.0
			for k := range realSize {
				p := float64(w[row*realSize+k]) * float64(x[k])
				sum += p
				size += math.Abs(p)
			}
			require.InDelta(t, sum, float64(ys[i][row]), size*1e-5, "product %d, row %d", i, row)
		}
	}
}

func realSpread(t *testing.T) {
	r, n := openReal(t, false, fleet.Config{})
	t.Logf("%s: %v", r.Info().Name, r.Info().Notes)
	for i := range 2 * n {
		w, values := realWeight(t, r, uint64(i))
		xs, ys := realProducts(t, r, w, 64)
		requireRight(t, values, xs, ys)
	}
	require.NoError(t, r.Close(background))
	busy := map[string]bool{}
	for _, b := range r.diary.batches {
		busy[b.Device] = true
	}
	require.Len(t, busy, n, "devices that ran something")
}

// realBits needs like devices: others may add in another order.
func realBits(t *testing.T) {
	alone, n := openReal(t, true, fleet.Config{})
	w, values := realWeight(t, alone, 1)
	xs, want := realProducts(t, alone, w, 64)
	requireRight(t, values, xs, want)
	require.NoError(t, alone.Close(background))

	r, _ := openReal(t, false, fleet.Config{Place: eager})
	v, _ := realWeight(t, r, 1)
	busy := map[string]bool{}
	for range 50 {
		_, got := realProducts(t, r, v, 64)
		require.Equal(t, want, got)
	}
	require.NoError(t, r.Close(background))
	for _, b := range r.diary.batches {
		busy[b.Device] = true
	}
	require.Len(t, busy, n, "devices that have a copy")
}

func realEviction(t *testing.T) {
	const bytes = realSize * realSize * 4
	r, n := openReal(t, false, fleet.Config{OperandBytes: bytes + bytes/2, HostBytes: 1 << 30})
	var ws []*fleet.Operand
	var values [][]float32
	for i := range n + 1 {
		w, xs := realWeight(t, r, uint64(i))
		ws, values = append(ws, w), append(values, xs)
	}
	for range 3 {
		for i, w := range ws {
			xs, ys := realProducts(t, r, w, 4)
			requireRight(t, values[i], xs, ys)
		}
	}
	require.NoError(t, r.Close(background))
	evicted := 0
	for _, e := range r.diary.places {
		if e.Placed == "evict" {
			evicted++
		}
	}
	require.Positive(t, evicted)
}

// realSpeed tells how many jobs of 64 columns one hot operand gets done by one
// device and by all.
func realSpeed(t *testing.T) {
	for _, onlyFirst := range []bool{true, false} {
		r, n := openReal(t, onlyFirst, fleet.Config{Scheduler: scheduler.Config{MaxColumns: 4096}})
		w, _ := realWeight(t, r, 1)
		var done atomic.Int64
		var all sync.WaitGroup
		end := time.Now().Add(2 * time.Second)
		for range 256 {
			all.Go(func() {
				x, y := make([]float32, realSize*64), make([]float32, realSize*64)
				j := &job.Matmul{A: w.View(), B: tensor.Matrix(x, realSize, 64), C: tensor.Matrix(y, realSize, 64)}
				for time.Now().Before(end) {
					if err := r.Do(background, j); err != nil {
						t.Errorf("%v", err)
						return
					}
					done.Add(1)
				}
			})
		}
		all.Wait()
		require.NoError(t, r.Close(background))
		if onlyFirst {
			n = 1
		}
		t.Logf("%d of %s: %d jobs in 2 s; placements: %v", n, r.Info().Name, done.Load(), r.diary.told())
	}
}
