package kerneltest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Implementation is what the suites run.
type Implementation struct {
	// Catalog holds the rows to test. A row that Caps rule out is passed over,
	// and the test log says so.
	Catalog kernels.Catalog
	Caps    kernels.Caps
	// FlushesSubnormals says that float32 subnormals count as 0.
	FlushesSubnormals bool
	// Matmul and Softmax run a case to its end and leave the result in its
	// memory. They report failures through t.
	Matmul  func(t testing.TB, key kernels.Key, m *Matmul)
	Softmax func(t testing.TB, key kernels.Key, s *Softmax)
}

// Exercise runs every suite on every row of the catalog. Cases are random;
// the log names the seed, and KERNELTEST_SEED repeats it.
func Exercise(t *testing.T, impl Implementation) {
	seed := newSeed(t)
	for i := range impl.Catalog {
		row := &impl.Catalog[i]
		t.Run(row.Name, func(t *testing.T) {
			if row.Family.Op() == kernels.OpSoftmax {
				exerciseSoftmax(t, &impl, row, seed)
			} else {
				exerciseMatmul(t, &impl, row, seed)
			}
		})
	}
	t.Run("invariance", func(t *testing.T) { exerciseInvariance(t, &impl, seed) })
}

func newSeed(t testing.TB) uint64 {
	seed := rand.Uint64()
	if s := os.Getenv("KERNELTEST_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, "KERNELTEST_SEED")
	}
	t.Logf("KERNELTEST_SEED=%d", seed)
	return seed
}

// supports reports whether the row can run a problem of these types here. It
// logs why not.
func (impl *Implementation) supports(t testing.TB, row *kernels.Row, types [3]tensor.DType) bool {
	p := kernels.Problem{
		Op: row.Family.Op(), Shape: kernels.Shape{Batch: 1, M: 1, N: 1, K: 1},
		A: types[0], B: types[1], C: types[2],
	}
	ok, why := row.Supports(p, impl.Caps)
	if !ok {
		t.Logf("NOT OFFERED: %s with %v: %s", row.Name, types, why)
	}
	return ok
}

// typesOf lists the combinations of A, B and C that a row claims.
func typesOf(row *kernels.Row) [][3]tensor.DType {
	var all [][3]tensor.DType
	for _, dt := range row.Types {
		all = append(all, [3]tensor.DType{dt, dt, dt})
		if row.Mixed && dt != tensor.F32 {
			all = append(all, [3]tensor.DType{dt, dt, tensor.F32}, [3]tensor.DType{dt, tensor.F32, tensor.F32})
		}
	}
	return all
}

// maxColumns is the widest product that a row is asked for. A small bucket is
// never asked for more than it holds; the widest takes passes.
func maxColumns(row *kernels.Row) int {
	switch row.Bucket {
	case kernels.N1, kernels.N2, kernels.N4, kernels.N8:
		return int(row.Bucket)
	case kernels.BucketNone, kernels.N16:
	}
	return 70
}
