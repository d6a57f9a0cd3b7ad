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

// An attention needs both its keys and its values where it runs. Its bits are
// those of one device alone.
func TestAttentionOfTwoOperands(t *testing.T) {
	const heads, keys, dim, callers = 4, 40, 8, 16
	r := rand.New(rand.NewPCG(5, 1))
	k, v := tensor.Batch(random(r, heads*keys*dim), heads, keys, dim), tensor.Batch(random(r, heads*keys*dim), heads, keys, dim)
	q := random(r, callers*heads*dim)
	run := func(devices ...*sim.Device) (o []float32) {
		f := open(t, fleet.Config{Place: eager}, devices...)
		lk, err := f.Load(k)
		require.NoError(t, err)
		lv, err := f.Load(v)
		require.NoError(t, err)
		for range 5 {
			o = make([]float32, len(q))
			var all sync.WaitGroup
			for i := range callers {
				all.Go(func() {
					part := func(xs []float32) tensor.View { return tensor.Batch(xs[i*heads*dim:][:heads*dim], heads, 1, dim) }
					if err := f.Do(background, &job.Attention{Q: part(q), K: lk.View(), V: lv.View(), O: part(o)}); err != nil {
						t.Errorf("%v", err)
					}
				})
			}
			all.Wait()
		}
		f.end(t)
		return o
	}
	alone := run(computing(t, sim.Config{}))
	require.Equal(t, alone, run(computing(t, sim.Config{}), computing(t, sim.Config{})))
}
