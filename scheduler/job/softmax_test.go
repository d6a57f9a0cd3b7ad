package job_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestSoftmaxErrors(t *testing.T) {
	x := matrix(2, 3, 4)
	big := matrix(1, 1, 32)
	at := func(offset int) tensor.View {
		return big.Strided(tensor.Dims{1, 3, 4}, tensor.Dims{0, 4, 1}, offset)
	}
	for name, c := range map[string]struct {
		change  func(s *job.Softmax)
		field   string
		allowed string
	}{
		"X missing":        {func(s *job.Softmax) { s.X = tensor.View{} }, "X", "a view over memory"},
		"X wrong":          {func(s *job.Softmax) { s.X = x.Sub(1, 3) }, "X", "0 <= from"},
		"X elsewhere":      {func(s *job.Softmax) { s.X = x.Rebase(nil) }, "X", "memory that the host can address"},
		"Y wrong":          {func(s *job.Softmax) { s.Y = x.Sub(1, 3) }, "Y", "0 <= from"},
		"Y loaded":         {func(s *job.Softmax) { s.Y = new(tensor.Resident).Of(matrix(2, 3, 4)) }, "Y", "memory of the caller"},
		"in place, loaded": {func(s *job.Softmax) { s.X = new(tensor.Resident).Of(x) }, "Y", "memory of the caller"},
		"in place, spread": {func(s *job.Softmax) { s.X = spread(1, 3, 4) }, "Y", "strides that name every element once"},
		"type":             {func(s *job.Softmax) { s.Y = tensor.Batch(make([]tensor.Float16, 24), 2, 3, 4) }, "Y.dtype", "the type of X"},
		"shape":            {func(s *job.Softmax) { s.Y = matrix(2, 4, 3) }, "Y.shape", "the shape of X"},
		"overlap":          {func(s *job.Softmax) { s.X, s.Y = at(0), at(4) }, "Y", "X itself or memory of its own"},
		"negative offset":  {func(s *job.Softmax) { s.QueryOffset, s.Causal = -1, true }, "QueryOffset", "0 to 2^40"},
		"huge offset":      {func(s *job.Softmax) { s.QueryOffset, s.Causal = 1<<40+1, true }, "QueryOffset", "0 to 2^40"},
		"offset alone":     {func(s *job.Softmax) { s.QueryOffset = 1 }, "QueryOffset", "0 without Causal"},
		"Priority":         {func(s *job.Softmax) { s.Priority = job.Low - 1 }, "Priority", "Low, Normal, High"},
	} {
		t.Run(name, func(t *testing.T) {
			s := job.Softmax{X: x}
			require.NoError(t, s.Arrange(new(job.Form), nil))
			c.change(&s)
			requireInvalid(t, s.Arrange(new(job.Form), nil), c.field, c.allowed)
		})
	}
	requireInvalid(t, (*job.Softmax)(nil).Arrange(new(job.Form), nil), "job", "a *Matmul, *Softmax or *Attention")
}

func TestSoftmaxForm(t *testing.T) {
	x, y := tensor.Batch(make([]tensor.BFloat16, 24), 2, 3, 4), tensor.Batch(make([]tensor.BFloat16, 24), 2, 3, 4)
	// A form that held a product before keeps nothing of it.
	m := job.Matmul{A: matrix(1, 2, 3), B: matrix(1, 3, 4), C: matrix(1, 2, 4), Bias: matrix(1, 1, 4), Scale: job.AlphaBeta(2, 2)}
	var f job.Form
	require.NoError(t, m.Arrange(&f, mirrored))

	s := job.Softmax{X: x, Y: y, Causal: true, QueryOffset: 1 << 40}
	require.NoError(t, s.Arrange(&f, nil))
	require.Equal(t, kernels.Problem{
		Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 2, M: 3, N: 4},
		A: tensor.BF16, B: tensor.BF16, C: tensor.BF16, Causal: true, QueryOffset: true,
	}, f.Problem)
	require.Equal(t, x, f.A)
	require.Equal(t, y, f.C)
	require.True(t, f.B.IsZero() && f.Bias.IsZero())
	require.Equal(t, []float32{1, 0}, []float32{f.Alpha, f.Beta})
	require.Equal(t, 1<<40, f.QueryOffset)
	require.False(t, f.InPlace() || f.ReadsC())
	require.Equal(t, int64(2*24+2*24), f.Volume())
}

func TestSoftmaxInPlace(t *testing.T) {
	x := matrix(1, 3, 4).Slice(0, 2, 1, 3)
	for _, y := range []tensor.View{{}, x} {
		s := job.Softmax{X: x, Y: y, Causal: true}
		var f job.Form
		require.NoError(t, s.Arrange(&f, nil))
		require.True(t, f.InPlace() && f.ReadsC())
		require.Equal(t, x, f.C)
		require.False(t, f.Problem.QueryOffset, "a causal mask alone has no offset")
	}
	// From a loaded operand into the caller's memory.
	s := job.Softmax{X: new(tensor.Resident).Of(x), Y: matrix(1, 2, 2)}
	var f job.Form
	require.NoError(t, s.Arrange(&f, nil))
	require.False(t, f.InPlace())
}
