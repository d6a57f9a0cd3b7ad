package selftest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestRates(t *testing.T) {
	var r Rate
	r.set([]time.Duration{time.Second, 2 * time.Second}, nil)
	r.rateOf(3e9, 4e9)
	require.Equal(t, Rate{Time: time.Second, Runs: 2, GBs: 3, GFlops: 4}, r)
	require.Equal(t, Passed, (&Benchmark{Rates: []Rate{r}}).outcome())
	r.set(nil, errors.New("bad"))
	require.Equal(t, Failed, (&Benchmark{Rates: []Rate{r}}).outcome())
	require.Equal(t, NotTested, (&Benchmark{}).outcome())
	require.Equal(t, "matmul_smalln_n8", rowFor(kernels.FamilySmallN, 7).Name)
	require.Equal(t, "matmul_smalln_n16", rowFor(kernels.FamilySmallN, 64).Name)
	require.Equal(t, "matmul_mlx", rowFor(kernels.FamilyMLX, 64).Name)
	require.Nil(t, rowFor(kernels.FamilyVec, 1))
}
