package job_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestAttentionArrange(t *testing.T) {
	halves := make([]tensor.Float16, 6*5*4)
	q := tensor.Batch(halves, 1, 5, 24).Strided(tensor.Dims{6, 5, 4}, tensor.Dims{4, 24, 1}, 0)
	k := tensor.Batch(make([]tensor.Float16, 3*7*4), 3, 4, 7).T()
	v := tensor.Batch(make([]tensor.Float16, 3*7*2), 3, 7, 2)
	o := matrix(6, 5, 2)
	var f job.Form
	a := &job.Attention{Q: q, K: k, V: v, O: o, Causal: true, QueryOffset: -3}
	require.NoError(t, a.Arrange(&f, asWritten))
	require.Equal(t, kernels.Problem{
		Op: kernels.OpAttention, Shape: kernels.Shape{Batch: 3, M: 5, N: 7, K: 4},
		A: tensor.F16, B: tensor.F16, C: tensor.F32, TransB: true,
		Causal: true, QueryOffset: true, Group: 2, ValueCols: 2,
	}, f.Problem)
	require.Equal(t, q, f.A)
	require.Equal(t, k, f.B)
	require.Equal(t, v, f.Bias)
	require.Equal(t, o, f.C)
	require.Equal(t, float32(0.5), f.Alpha, "1/sqrt(4)")
	require.Equal(t, -3, f.QueryOffset)
	require.Equal(t, 3, f.Units(), "K/V heads")
	require.EqualValues(t, 2*(6*5*4+3*7*4+3*7*2)+4*6*5*2+4*2*7, f.Volume(), "with a row of scores")
	require.False(t, f.ReadsC())

	a.Scale = -2
	require.NoError(t, a.Arrange(&f, asWritten))
	require.Equal(t, float32(-2), f.Alpha)
	a.O, a.V = o.Slice(0, 5, 0, 0), v.Slice(0, 7, 0, 0)
	require.NoError(t, a.Arrange(&f, asWritten))
	require.Zero(t, f.Units(), "no result")
	*a = job.Attention{Q: matrix(2, 3, 4), K: matrix(2, 0, 4), V: matrix(2, 0, 4), O: matrix(2, 3, 4)}
	require.NoError(t, a.Arrange(&f, asWritten))
	require.Equal(t, 2, f.Units(), "zeros are a result")
}

func TestAttentionErrors(t *testing.T) {
	q, k, v, o := matrix(4, 5, 3), matrix(2, 7, 3), matrix(2, 7, 6), matrix(4, 5, 6)
	half := tensor.Batch(make([]tensor.Float16, 2*7*3), 2, 7, 3)
	for name, x := range map[string]struct {
		change  func(*job.Attention)
		field   string
		allowed string
	}{
		"Q missing":  {func(a *job.Attention) { a.Q = tensor.View{} }, "Q", "a view over memory"},
		"K missing":  {func(a *job.Attention) { a.K = tensor.View{} }, "K", "a view over memory"},
		"V wrong":    {func(a *job.Attention) { a.V = v.Sub(1, 3) }, "V", "0 <= from"},
		"O missing":  {func(a *job.Attention) { a.O = tensor.View{} }, "O", "a view over memory"},
		"O loaded":   {func(a *job.Attention) { a.O = new(tensor.Resident).Of(o) }, "O", "memory of the caller"},
		"O repeats":  {func(a *job.Attention) { a.O = o.Strided(o.Dims(), tensor.Dims{0, 6, 1}, 0) }, "O", "every element once"},
		"K type":     {func(a *job.Attention) { a.K = half }, "K.dtype", "the type of Q"},
		"V type":     {func(a *job.Attention) { a.V = half }, "V.dtype", "the type of Q"},
		"O type":     {func(a *job.Attention) { a.O = tensor.Batch(make([]tensor.BFloat16, 120), 4, 5, 6) }, "O.dtype", "the type of Q, or f32"},
		"no heads":   {func(a *job.Attention) { a.K = matrix(0, 7, 3) }, "K.batch", "a divisor of the heads of Q"},
		"odd heads":  {func(a *job.Attention) { a.K = matrix(3, 7, 3) }, "K.batch", "a divisor of the heads of Q"},
		"no queries": {func(a *job.Attention) { a.Q = matrix(0, 5, 3) }, "Q.batch", "at least 1"},
		"K columns":  {func(a *job.Attention) { a.K = matrix(2, 7, 4) }, "K.cols", "the columns of Q"},
		"V heads":    {func(a *job.Attention) { a.V = matrix(4, 7, 6) }, "V.batch", "the heads of K"},
		"V rows":     {func(a *job.Attention) { a.V = matrix(2, 8, 6) }, "V.rows", "the rows of K"},
		"O heads":    {func(a *job.Attention) { a.O = matrix(2, 5, 6) }, "O.batch", "the heads of Q"},
		"O rows":     {func(a *job.Attention) { a.O = matrix(4, 4, 6) }, "O.rows", "the rows of Q"},
		"O columns":  {func(a *job.Attention) { a.O = matrix(4, 5, 3) }, "O.cols", "the columns of V"},
		"NaN":        {func(a *job.Attention) { a.Scale = float32(math.NaN()) }, "Scale", "a finite number"},
		"Inf":        {func(a *job.Attention) { a.Scale = float32(math.Inf(-1)) }, "Scale", "a finite number"},
		"offset":     {func(a *job.Attention) { a.QueryOffset = 1 }, "QueryOffset", "0 without Causal"},
		"far":        {func(a *job.Attention) { a.Causal, a.QueryOffset = true, 1<<40+1 }, "QueryOffset", "-2^40 to 2^40"},
		"O over Q":   {func(a *job.Attention) { a.O, a.V = q, matrix(2, 7, 3) }, "O", "overlapping Q"},
		"O over V": {func(a *job.Attention) {
			a.O = matrix(1, 20, 6).Strided(o.Dims(), tensor.Dims{30, 6, 1}, 0)
			a.V = a.O.Slice(0, 5, 0, 6).Strided(v.Dims(), tensor.Dims{42, 6, 1}, 36)
		}, "O", "overlapping V"},
		"Priority":    {func(a *job.Attention) { a.Priority = job.Low - 1 }, "Priority", "Low, Normal, High"},
		"V elsewhere": {func(a *job.Attention) { a.V = v.Rebase(nil) }, "V", "memory that the host can address"},
	} {
		t.Run(name, func(t *testing.T) {
			a := job.Attention{Q: q, K: k, V: v, O: o}
			require.NoError(t, a.Arrange(new(job.Form), asWritten))
			x.change(&a)
			requireInvalid(t, a.Arrange(new(job.Form), asWritten), x.field, x.allowed)
		})
	}
	requireInvalid(t, (*job.Attention)(nil).Arrange(new(job.Form), asWritten), "job", "a *Matmul, *Softmax or *Attention")
	require.NotNil(t, job.OptionsOf((*job.Attention)(nil)))
}

// Loaded keys cost nothing, but their scores do, however often a key repeats.
func TestAttentionVolumeOfRepeatedKeys(t *testing.T) {
	for keys, most := range map[int]int64{1 << 32: 4<<32 + 8, 1 << 61: math.MaxInt64} {
		k := new(tensor.Resident).Of(spread(1, keys, 1))
		a := &job.Attention{Q: matrix(1, 1, 1), K: k, V: k, O: matrix(1, 1, 1)}
		var f job.Form
		require.NoError(t, a.Arrange(&f, asWritten))
		require.Greater(t, f.Volume(), int64(4<<32))
		require.LessOrEqual(t, f.Volume(), most)
	}
}
