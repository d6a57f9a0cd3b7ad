package fleet_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// random returns n numbers from -1 to 1.
func random(r *rand.Rand, n int) []float32 {
	xs := make([]float32, n)
	for i := range xs {
		xs[i] = 2*r.Float32() - 1
	}
	return xs
}

// sample is some products with random numbers, of several widths.
type sample struct{ xs, ys [][]float32 }

const sampleSize = 96

func newSample(seed uint64, n int) *sample {
	r, s := rand.New(rand.NewPCG(seed, 1)), &sample{}
	for range n {
		width := 1 + r.IntN(5)
		s.xs = append(s.xs, random(r, sampleSize*width))
		s.ys = append(s.ys, make([]float32, sampleSize*width))
	}
	return s
}

// run submits all products from many goroutines at once.
func (s *sample) run(t testing.TB, f job.Doer, w job.Operand) {
	var all sync.WaitGroup
	for i, x := range s.xs {
		all.Go(func() {
			n := len(x) / sampleSize
			if err := f.Do(background, &job.Matmul{
				A: w.View(), B: tensor.Matrix(x, sampleSize, n), C: tensor.Matrix(s.ys[i], sampleSize, n),
			}); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
}

// The bits of a result do not depend on which of several like devices computed
// it, nor on the batch there: they are those of one device alone.
func TestBitsAreThoseOfOneDevice(t *testing.T) {
	loaded := tensor.Matrix(random(rand.New(rand.NewPCG(7, 7)), sampleSize*sampleSize), sampleSize, sampleSize)
	one, many := newSample(3, 400/slowdown), newSample(3, 400/slowdown)
	alone := open(t, fleet.Config{}, computing(t, sim.Config{}))
	w, err := alone.Load(loaded)
	require.NoError(t, err)
	for i := range one.xs { // each on its own
		part := &sample{one.xs[i : i+1], one.ys[i : i+1]}
		part.run(t, alone, w)
	}
	alone.end(t)

	r := open(t, fleet.Config{Place: eager}, computing(t, sim.Config{}), computing(t, sim.Config{}))
	v, err := r.Load(loaded)
	require.NoError(t, err)
	for range 20 { // until there are two copies, and both are used
		many.run(t, r, v)
		require.Equal(t, one.ys, many.ys)
	}
	r.end(t)
	require.NotZero(t, r.diary.jobs("sim:0"))
	require.NotZero(t, r.diary.jobs("sim:1"))
}
