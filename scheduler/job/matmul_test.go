package job_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func asWritten(_, _ bool) (bool, string) { return false, "as written" }
func mirrored(_, _ bool) (bool, string)  { return true, "mirrored" }

// matrix returns new memory of batch row-major matrices.
func matrix(batch, rows, cols int) tensor.View {
	return tensor.Batch(make([]float32, batch*rows*cols), batch, rows, cols)
}

// spread views one number as many.
func spread(batch, rows, cols int) tensor.View {
	return matrix(1, 1, 1).Strided(tensor.Dims{batch, rows, cols}, tensor.Dims{}, 0)
}

func TestMatmulErrors(t *testing.T) {
	a, b, c := matrix(1, 2, 3), matrix(1, 3, 4), matrix(1, 2, 4)
	big := tensor.Vector(make([]float32, 64))
	at := func(rows, cols, offset int) tensor.View {
		return big.Strided(tensor.Dims{1, rows, cols}, tensor.Dims{0, cols, 1}, offset)
	}
	for name, x := range map[string]struct {
		change  func(m *job.Matmul)
		field   string
		allowed string
	}{
		"A missing":     {func(m *job.Matmul) { m.A = tensor.View{} }, "A", "a view over memory"},
		"B missing":     {func(m *job.Matmul) { m.B = tensor.View{} }, "B", "a view over memory"},
		"C missing":     {func(m *job.Matmul) { m.C = tensor.View{} }, "C", "a view over memory"},
		"A wrong":       {func(m *job.Matmul) { m.A = a.Slice(0, 9, 0, 9) }, "A", "0 <= from <= to <= size"},
		"B wrong":       {func(m *job.Matmul) { m.B = b.Sub(1, 3) }, "B", "0 <= from <= to <= batch"},
		"C wrong":       {func(m *job.Matmul) { m.C = c.Broadcast(-1) }, "C", "at least 0"},
		"Bias wrong":    {func(m *job.Matmul) { m.Bias = a.Sub(1, 3) }, "Bias", "0 <= from"},
		"A elsewhere":   {func(m *job.Matmul) { m.A = a.Rebase(nil) }, "A", "memory that the host can address"},
		"B elsewhere":   {func(m *job.Matmul) { m.B = b.Rebase(nil) }, "B", "memory that the host can address"},
		"C elsewhere":   {func(m *job.Matmul) { m.C = c.Rebase(nil) }, "C", "memory that the host can address"},
		"C loaded":      {func(m *job.Matmul) { m.C = new(tensor.Resident).Of(c) }, "C", "memory of the caller"},
		"C repeats":     {func(m *job.Matmul) { m.C = spread(1, 2, 4) }, "C", "strides that name every element once"},
		"inner":         {func(m *job.Matmul) { m.B = matrix(1, 2, 4) }, "B.rows", "the columns of op(A)"},
		"inner, TransA": {func(m *job.Matmul) { m.TransA = true }, "B.rows", "the columns of op(A)"},
		"rows":          {func(m *job.Matmul) { m.C = matrix(1, 3, 4) }, "C.rows", "the rows of op(A)"},
		"columns":       {func(m *job.Matmul) { m.C = matrix(1, 2, 3) }, "C.cols", "the columns of op(B)"},
		"A batch":       {func(m *job.Matmul) { m.A = matrix(2, 2, 3) }, "A.batch", "1 or the batch of C"},
		"B batch":       {func(m *job.Matmul) { m.B, m.C = matrix(2, 3, 4), matrix(3, 2, 4) }, "B.batch", "1 or the batch of C"},
		"empty B batch": {func(m *job.Matmul) { m.B = matrix(0, 3, 4) }, "B.batch", "1 or the batch of C"},
		"A too many":    {func(m *job.Matmul) { m.A, m.B, m.C = spread(1, 2, 1<<61), spread(1, 1<<61, 1), matrix(8, 2, 1) }, "A", "fits an int"},
		"B too many":    {func(m *job.Matmul) { m.A, m.B, m.C = spread(1, 1, 1<<60), spread(1, 1<<60, 4), matrix(2, 1, 4) }, "B", "fits an int"},
		"Bias short":    {func(m *job.Matmul) { m.Bias = matrix(1, 1, 3) }, "Bias", "one value per column of C"},
		"Bias tall":     {func(m *job.Matmul) { m.Bias = matrix(1, 2, 4) }, "Bias", "one value per column of C"},
		"Bias type":     {func(m *job.Matmul) { m.Bias = tensor.Vector(make([]tensor.Float16, 4)) }, "Bias", "the type of C, f32"},
		"Bias batch":    {func(m *job.Matmul) { m.Bias = matrix(2, 1, 4) }, "Bias", "one value per column of C"},
		"Bias missing":  {func(m *job.Matmul) { m.Bias = matrix(1, 1, 4).Rebase(nil) }, "Bias", "memory that the host can address"},
		"C over A":      {func(m *job.Matmul) { m.A, m.C = at(2, 3, 0), at(2, 4, 5) }, "C", "memory of its own"},
		"C over B":      {func(m *job.Matmul) { m.B, m.C = at(3, 4, 8), at(2, 4, 1) }, "C", "memory of its own"},
		"C over Bias":   {func(m *job.Matmul) { m.Bias, m.C = at(1, 4, 3), at(2, 4, 0) }, "C", "memory of its own"},
		"Priority":      {func(m *job.Matmul) { m.Priority = job.High + 1 }, "Priority", "Low, Normal, High"},
	} {
		t.Run(name, func(t *testing.T) {
			m := job.Matmul{A: a, B: b, C: c}
			require.NoError(t, m.Arrange(new(job.Form), asWritten))
			x.change(&m)
			requireInvalid(t, m.Arrange(new(job.Form), asWritten), x.field, x.allowed)
			requireInvalid(t, m.Arrange(new(job.Form), mirrored), x.field, x.allowed)
		})
	}
	requireInvalid(t, (*job.Matmul)(nil).Arrange(new(job.Form), asWritten), "job", "a *Matmul, *Softmax or *Attention")
}

// requireInvalid: the error names the field and says what is allowed.
func requireInvalid(t *testing.T, err error, field, allowed string) {
	t.Helper()
	var e *job.InvalidError
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, job.ErrInvalid)
	require.NotErrorIs(t, err, job.ErrQueueFull)
	require.Equal(t, field, e.Field)
	require.ErrorContains(t, err, "invalid "+field)
	require.ErrorContains(t, err, allowed)
	if e.Cause != nil {
		var cause *tensor.Error
		require.ErrorAs(t, err, &cause)
	}
}

func TestMatmulLoadedOperandsNeedNoHostMemory(t *testing.T) {
	a, bias := new(tensor.Resident).Of(matrix(1, 2, 3).Rebase(nil)), new(tensor.Resident).Of(matrix(1, 1, 4).Rebase(nil))
	m := job.Matmul{A: a, B: matrix(1, 3, 4), C: matrix(1, 2, 4), Bias: bias}
	require.NoError(t, m.Arrange(new(job.Form), asWritten))
}

func TestMatmulTellsOrientWhatIsLoaded(t *testing.T) {
	a, b, c := matrix(1, 2, 3), matrix(1, 3, 4), matrix(1, 2, 4)
	for loaded := range 4 {
		m := job.Matmul{A: a, B: b, C: c}
		if loaded&1 != 0 {
			m.A = new(tensor.Resident).Of(a)
		}
		if loaded&2 != 0 {
			m.B = new(tensor.Resident).Of(b)
		}
		var f job.Form
		require.NoError(t, m.Arrange(&f, func(aLoaded, bLoaded bool) (bool, string) {
			require.Equal(t, loaded, btoi(aLoaded)+2*btoi(bLoaded))
			return loaded == 2, "because"
		}))
		require.Equal(t, "because", f.Orientation)
		require.Equal(t, loaded == 2, f.Problem.Mirrored)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestMatmulMirror(t *testing.T) {
	m := job.Matmul{
		A: matrix(1, 2, 3), B: tensor.Matrix(make([]tensor.BFloat16, 12), 4, 3), TransB: true, C: matrix(1, 2, 4),
		Bias: tensor.Vector(make([]float32, 4)), Scale: job.AlphaBeta(2, 0.5),
	}
	var f job.Form
	require.NoError(t, m.Arrange(&f, mirrored))
	require.Equal(t, kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: 4, N: 2, K: 3},
		A: tensor.BF16, B: tensor.F32, C: tensor.F32,
		TransB: true, BetaNonZero: true, Bias: true, Mirrored: true,
	}, f.Problem)
	require.Equal(t, kernels.Shape{Batch: 1, M: 2, N: 4, K: 3}, f.Problem.Written())
	require.Equal(t, tensor.Dims{12, 3, 1}, f.A.Strides())
	require.Equal(t, tensor.Dims{6, 1, 3}, f.B.Strides())
	require.Equal(t, tensor.Dims{8, 1, 4}, f.C.Strides())
	require.Equal(t, tensor.Dims{0, 1, 0}, f.Bias.Strides())
	require.Equal(t, f.C.Dims(), f.Bias.Dims())
	require.Equal(t, []float32{2, 0.5}, []float32{f.Alpha, f.Beta})
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		s           job.Scale
		alpha, beta float32
	}{{job.Scale{}, 1, 0}, {job.AlphaBeta(0, 0), 0, 0}, {job.AlphaBeta(-2, 3), -2, 3}} {
		m := job.Matmul{A: matrix(1, 2, 3), B: matrix(1, 3, 4), C: matrix(1, 2, 4), Scale: c.s}
		f := job.Form{QueryOffset: 9}
		require.NoError(t, m.Arrange(&f, asWritten))
		require.Equal(t, []float32{c.alpha, c.beta}, []float32{f.Alpha, f.Beta})
		require.Equal(t, c.beta != 0, f.Problem.BetaNonZero)
		require.Equal(t, c.beta != 0, f.ReadsC())
		require.Zero(t, f.QueryOffset)
	}
}

// TestMatmulFormMeansTheSame computes small products from the form and from
// the definition, over random shapes, transposes, batches and orientations.
func TestMatmulFormMeansTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMatmul(t)
		before := make([]float32, 0, m.C.Len())
		each(m.C, func(b, i, j int) {
			m.C.SetValue(b, i, j, float32(len(before)))
			before = append(before, float32(len(before)))
		})
		var f job.Form
		orient := rapid.SampledFrom([]job.Orient{asWritten, mirrored}).Draw(t, "orient")
		require.NoError(t, m.Arrange(&f, orient))
		require.Equal(t, f.Problem.Shape.M*f.Problem.Shape.N*f.Problem.Shape.Batch, m.C.Len())
		got := map[float32]float64{} // by what C held
		each(f.C, func(b, i, j int) { got[f.C.Value(b, i, j)] = formElement(&f, b, i, j) })
		require.Len(t, got, m.C.Len())
		each(m.C, func(b, i, j int) {
			require.Equal(t, definition(m, b, i, j), got[m.C.Value(b, i, j)], "element %d %d %d", b, i, j)
		})
	})
}

func drawMatmul(t *rapid.T) *job.Matmul {
	size := rapid.IntRange(0, 4)
	batch, rows, cols, k := size.Draw(t, "batch"), size.Draw(t, "M"), size.Draw(t, "N"), size.Draw(t, "K")
	operand := func(name string, rows, cols int) (tensor.View, bool) {
		trans := rapid.Bool().Draw(t, "trans"+name)
		if trans {
			rows, cols = cols, rows
		}
		n := rapid.SampledFrom([]int{1, batch}).Draw(t, "batch of "+name)
		v := matrix(n, rows, cols)
		x := float32(0)
		each(v, func(b, i, j int) { x++; v.SetValue(b, i, j, x) })
		return v, trans
	}
	m := &job.Matmul{C: matrix(batch, rows, cols), Scale: job.AlphaBeta(2, 3)}
	m.A, m.TransA = operand("A", rows, k)
	m.B, m.TransB = operand("B", k, cols)
	if rapid.Bool().Draw(t, "bias") {
		values := make([]float32, cols)
		for i := range values {
			values[i] = float32(1000 * (i + 1))
		}
		m.Bias = rapid.SampledFrom([]tensor.View{tensor.Vector(values), tensor.Matrix(values, 1, cols)}).Draw(t, "biasShape")
	}
	return m
}

func each(v tensor.View, f func(b, i, j int)) {
	for b := range v.Matrices() {
		for i := range v.Rows() {
			for j := range v.Cols() {
				f(b, i, j)
			}
		}
	}
}

// formElement is what a kernel computes from a form.
func formElement(f *job.Form, b, i, j int) float64 {
	sum := 0.0
	for k := range f.Problem.Shape.K {
		sum += float64(f.A.Value(b, i, k)) * float64(f.B.Value(b, k, j))
	}
	sum = float64(f.Alpha)*sum + float64(f.Beta)*float64(f.C.Value(b, i, j))
	if f.Problem.Bias {
		sum += float64(f.Bias.Value(b, i, j))
	}
	return sum
}

// definition is C = alpha*op(A)*op(B) + beta*C + bias, read off Matmul's text.
func definition(m *job.Matmul, b, i, j int) float64 {
	element := func(v tensor.View, trans bool, i, j int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(v.Value(min(b, v.Matrices()-1), i, j))
	}
	depth := m.A.Cols()
	if m.TransA {
		depth = m.A.Rows()
	}
	alpha, beta := m.Scale.Factors()
	sum := 0.0
	for k := range depth {
		sum += element(m.A, m.TransA, i, k) * element(m.B, m.TransB, k, j)
	}
	sum = float64(alpha)*sum + float64(beta)*float64(m.C.Value(b, i, j))
	switch {
	case m.Bias.IsZero():
	case m.Bias.Cols() == 1:
		sum += float64(m.Bias.Value(0, j, 0))
	default:
		sum += float64(m.Bias.Value(0, 0, j))
	}
	return sum
}

func TestMatmulTransposeFlags(t *testing.T) {
	for _, c := range []struct {
		v     tensor.View
		trans bool
	}{
		{matrix(1, 2, 3), false},
		{matrix(1, 3, 2).T(), true},
		{matrix(1, 4, 6).Slice(0, 2, 0, 3), false},
		{matrix(1, 9, 9).Strided(tensor.Dims{1, 2, 3}, tensor.Dims{0, 20, 2}, 0), false},
	} {
		m := job.Matmul{A: c.v, B: matrix(1, 3, 4), C: matrix(1, 2, 4)}
		var f job.Form
		require.NoError(t, m.Arrange(&f, asWritten))
		require.Equal(t, c.trans, f.Problem.TransA)
		require.False(t, f.Problem.TransB)
		require.NoError(t, m.Arrange(&f, mirrored))
		require.True(t, f.Problem.TransA)
		require.Equal(t, c.v.Strides()[2] == 1, f.Problem.TransB)
	}
}

func TestMatmulVolume(t *testing.T) {
	half := func(rows, cols int) tensor.View {
		return tensor.Matrix(make([]tensor.Float16, rows*cols), rows, cols)
	}
	m := job.Matmul{A: half(2, 3), B: half(3, 4), C: matrix(1, 2, 4), Bias: matrix(1, 1, 4)}
	var f job.Form
	require.NoError(t, m.Arrange(&f, asWritten))
	require.Equal(t, int64(2*6+2*12+4*8), f.Volume())
	m.A = new(tensor.Resident).Of(m.A)
	require.NoError(t, m.Arrange(&f, mirrored))
	require.Equal(t, int64(2*12+4*8), f.Volume(), "loaded operands are not counted")

	m = job.Matmul{A: spread(1, 1, 1<<61), B: spread(1, 1<<61, 1), C: matrix(1, 1, 1)}
	require.NoError(t, m.Arrange(&f, asWritten))
	require.Greater(t, f.Volume(), int64(math.MaxInt64/4), "no wrapping round")
}

func TestUnits(t *testing.T) {
	var f job.Form
	m := job.Matmul{A: matrix(1, 2, 3), B: matrix(1, 3, 5), C: matrix(1, 2, 5)}
	require.NoError(t, m.Arrange(&f, asWritten))
	require.Equal(t, 5, f.Units())
	require.NoError(t, m.Arrange(&f, mirrored))
	require.Equal(t, 2, f.Units())
	m.C = matrix(7, 2, 5)
	require.NoError(t, m.Arrange(&f, asWritten))
	require.Equal(t, 7, f.Units())
	s := job.Softmax{X: matrix(1, 4, 5)}
	require.NoError(t, s.Arrange(&f, nil))
	require.Equal(t, 4, f.Units())
	s.X = matrix(3, 2, 5)
	require.NoError(t, s.Arrange(&f, nil))
	require.Equal(t, 3, f.Units())
}
