package kernels_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestBucketFor(t *testing.T) {
	for n, want := range map[int]kernels.Bucket{
		math.MinInt: kernels.N1, 0: kernels.N1, 1: kernels.N1, 2: kernels.N2, 3: kernels.N4, 4: kernels.N4,
		5: kernels.N8, 8: kernels.N8, 9: kernels.N16, 16: kernels.N16, 17: kernels.N16, math.MaxInt: kernels.N16,
	} {
		require.Equal(t, want, kernels.BucketFor(n), n)
	}
	require.Equal(t, 16, kernels.MaxSmallN)
	require.Equal(t, "-", kernels.BucketNone.String())
	require.Equal(t, "N16", kernels.N16.String())
}

func TestWidthBucket(t *testing.T) {
	for cols, want := range map[int]int{
		-1: 1, 0: 1, 1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 1023: 1024, 1024: 1024, 1025: 2048,
		1 << 61: 1 << 61, 1<<61 + 1: 1 << 62, 1 << 62: 1 << 62, math.MaxInt: 1 << 62,
	} {
		require.Equal(t, want, kernels.WidthBucket(cols), cols)
	}
}
