package scheduler_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestAttentionOfNothing: rows without keys are zeros, whatever V holds.
func TestAttentionOfNothing(t *testing.T) {
	nan := float32(math.NaN())
	for name, d := range map[string]device.Device{"cpu": openCPU(t), "discrete": openDiscrete(t, 1<<12, nil)} {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: d})
			o := []float32{nan, nan, nan, nan, nan, nan}
			j := &job.Attention{
				Q: tensor.Matrix([]float32{1, 2, 3}, 3, 1), O: tensor.Matrix(o, 3, 2),
				K: tensor.Matrix([]float32{1, 2}, 2, 1), V: tensor.Matrix([]float32{5, 6, nan, nan}, 2, 2),
				Causal: true, QueryOffset: -2,
			}
			require.NoError(t, s.Do(background, j))
			require.Equal(t, []float32{0, 0, 0, 0, 5, 6}, o, "row 2 attends to key 0, the others to none")
			j.QueryOffset = -1 << 40
			require.NoError(t, s.Do(background, j))
			require.Equal(t, make([]float32, 6), o)

			copy(o, []float32{nan, nan, nan, nan, nan, nan})
			none := &job.Attention{Q: j.Q, O: j.O, K: j.K.Slice(0, 0, 0, 1), V: j.V.Slice(0, 0, 0, 2)}
			require.NoError(t, s.Do(background, none))
			require.Equal(t, make([]float32, 6), o, "no keys")
			for _, empty := range []*job.Attention{
				{Q: j.Q.Slice(0, 0, 0, 1), O: j.O.Slice(0, 0, 0, 2), K: j.K, V: j.V},
				{Q: j.Q, O: j.O.Slice(0, 3, 0, 0), K: j.K, V: j.V.Slice(0, 2, 0, 0)},
				{Q: j.Q.Sub(0, 0), O: j.O.Sub(0, 0), K: j.K.Sub(0, 0), V: j.V.Sub(0, 0)},
			} {
				require.NoError(t, s.Do(background, empty))
			}
		})
	}
}

// TestAttentionOfNaN: NaN and infinities make those rows NaN that attend to
// them, and only those.
func TestAttentionOfNaN(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for name, c := range map[string]struct {
		at   int // key
		k, v float32
		nan  bool // of the rows from at on
	}{
		"NaN in K":  {at: 2, k: nan, nan: true},
		"Inf in K":  {at: 2, k: inf, nan: true},
		"-Inf in K": {at: 2, k: -inf},
		"NaN in V":  {at: 3, v: nan, nan: true}, // of the last key: rows before it may be NaN
	} {
		j := attentionOf(tensor.F32, 1, 4, 4, 1)
		each(j.Q, func(b, i, x int) { j.Q.SetValue(b, i, x, 1) })
		j.Causal = true
		if c.k != 0 {
			j.K.SetValue(0, c.at, 0, c.k)
		} else {
			j.V.SetValue(0, c.at, 0, c.v)
		}
		require.NoError(t, s.Do(background, j), name)
		for i := range 4 {
			x := float64(j.O.Value(0, i, 0))
			switch {
			case c.nan && i >= c.at:
				require.True(t, math.IsNaN(x), "%s: row %d is %v", name, i, x)
			case c.k != 0:
				require.False(t, math.IsNaN(x) || math.IsInf(x, 0), "%s: row %d is %v", name, i, x)
			}
		}
	}
}

// TestScoresStayOnTheDevice looks at what the device is given: inputs go up
// once, and what kernels hand on is where the host cannot see it.
func TestScoresStayOnTheDevice(t *testing.T) {
	var stages, dispatches int
	d := openDiscrete(t, 1<<14, func(b *device.Batch) sim.Fault {
		for i, stage := range b.Stages {
			if i == 0 {
				require.Len(t, stage.Copies, 3, "Q, K and V go up")
				continue
			}
			require.Empty(t, stage.Copies)
			for _, d := range stage.Dispatches {
				dispatches++
				if d.Softmax != nil {
					require.Equal(t, device.SpaceDevice, d.Softmax.X.Buffer.Space())
					require.Equal(t, d.Softmax.X, d.Softmax.Y)
					require.LessOrEqual(t, 4*d.Softmax.X.View.Len(), 1<<14)
				}
			}
		}
		stages = len(b.Stages)
		return sim.None()
	})
	s := start(t, scheduler.Config{Device: d})
	j := attentionOf(tensor.F32, 4, 128, 64, 16)
	c := attentionCheck(j, j.K, j.V)
	require.NoError(t, s.Do(background, j))
	require.NoError(t, c.computed())
	require.Greater(t, stages, 1+3*4, "heads in steps of their own")
	require.Equal(t, stages-1, dispatches)
}

// TestGroupsOfHeadsAreOneProduct: heads that share keys are multiplied with them
// together if their rows lie at one distance, as those that are staged do.
func TestGroupsOfHeadsAreOneProduct(t *testing.T) {
	var dispatches int
	s := start(t, scheduler.Config{Device: openDiscrete(t, 1<<22, func(b *device.Batch) sim.Fault {
		dispatches = 0
		for _, stage := range b.Stages {
			dispatches += len(stage.Dispatches)
		}
		return sim.None()
	})})
	for name, x := range map[string]struct {
		rows, want int
		apart      bool
	}{
		"a token": {1, 3, false}, "a token, apart": {1, 3, true}, "small-N": {5, 5, false}, "a prompt": {40, 3, false}, "a prompt, apart": {40, 3, true},
	} {
		j := attentionOf(tensor.F32, 4, x.rows, 30, 16)
		if x.apart { // heads side by side in each row
			d := tensor.Dims{4, x.rows, 16}
			j.Q, j.O = j.Q.Strided(d, tensor.Dims{16, 64, 1}, 0), j.O.Strided(d, tensor.Dims{16, 64, 1}, 0)
		}
		j.K, j.V = j.K.Sub(0, 2), j.V.Sub(0, 2)
		c := attentionCheck(j, j.K, j.V)
		require.NoError(t, s.Do(background, j))
		require.NoError(t, c.computed(), name)
		require.Equal(t, x.want, dispatches, name)
	}
}

// TestAttentionOfTooManyKeys: strides of 0 name more keys than any memory has
// scores for.
func TestAttentionOfTooManyKeys(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t), Limits: job.Limits{Bytes: math.MaxInt64}})
	one := tensor.Matrix([]float32{1}, 1, 1)
	for _, keys := range []int{1 << 40, 1 << 60, math.MaxInt} {
		many := one.Strided(tensor.Dims{1, keys, 1}, tensor.Dims{}, 0)
		o := []float32{7, 7, 7, 7}
		err := s.Do(background, &job.Attention{
			Q: one.Strided(tensor.Dims{4, 1, 1}, tensor.Dims{}, 0), K: many, V: many, O: tensor.Batch(o, 4, 1, 1),
		})
		require.ErrorIs(t, err, device.ErrOutOfMemory)
		require.Equal(t, []float32{7, 7, 7, 7}, o)
	}
}

// TestAttentionOfRepeatedKeys: scores are admitted like other memory, also those
// of one loaded key that is named often.
func TestAttentionOfRepeatedKeys(t *testing.T) {
	d := sim.Open(sim.Config{})
	s := start(t, scheduler.Config{Device: d, Limits: job.Limits{Bytes: 1 << 30}})
	w, err := s.Load(tensor.Matrix([]float32{1}, 1, 1))
	require.NoError(t, err)
	before := d.BytesInUse()
	k := w.View().Strided(tensor.Dims{1, 1 << 32, 1}, tensor.Dims{}, 0)
	j := &job.Attention{Q: tensor.Matrix([]float32{1}, 1, 1), K: k, V: k, O: tensor.Matrix(make([]float32, 1), 1, 1)}
	var wrong *job.InvalidError
	require.ErrorAs(t, s.Do(background, j), &wrong)
	require.Contains(t, wrong.Allowed, "1073741824")
	require.Equal(t, before, d.BytesInUse())
	j.K = w.View().Strided(tensor.Dims{1, 1 << 10, 1}, tensor.Dims{}, 0)
	j.V = j.K
	require.NoError(t, s.Do(background, j), "few are welcome")
}
