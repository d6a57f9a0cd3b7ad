package kernels_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestShape(t *testing.T) {
	for want, s := range map[string]kernels.Shape{
		"2x5x3":   {Batch: 1, M: 2, N: 3, K: 5},
		"4*2x5x3": {Batch: 4, M: 2, N: 3, K: 5},
		"2x3":     {Batch: 1, M: 2, N: 3},
		"4*2x3":   {Batch: 4, M: 2, N: 3},
	} {
		require.Equal(t, want, s.String())
		require.Equal(t, s, s.Mirror().Mirror())
	}
	require.Equal(t, kernels.Shape{Batch: 4, M: 3, N: 2, K: 5}, kernels.Shape{Batch: 4, M: 2, N: 3, K: 5}.Mirror())
}

func TestProblemAsWritten(t *testing.T) {
	p := kernels.Problem{Shape: kernels.Shape{Batch: 1, M: 9, N: 1, K: 4}}
	require.Equal(t, p.Shape, p.Written())
	p.Mirrored = true
	require.Equal(t, kernels.Shape{Batch: 1, M: 1, N: 9, K: 4}, p.Written())
}
