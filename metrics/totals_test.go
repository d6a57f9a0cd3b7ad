package metrics

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTotals(t *testing.T) {
	c := NewCounters()
	require.Empty(t, c.Totals())
	c.Series("softmax", "vec", "w64", "alone").Batch(1, 4, 0, 1)
	c.Series("matmul", "smalln", "N8", "full").Batch(2, 8, 0, 1)
	c.Series("matmul", "smalln", "N8", "full").Batch(3, 7, 0, 1)
	c.Series("matmul", "smalln", "N8", "alone").Batch(1, 1, 0, 1)
	require.Equal(t, []Total{
		{"matmul", "smalln", "N8", "alone", 1, 1, 1},
		{"matmul", "smalln", "N8", "full", 2, 5, 15},
		{"softmax", "vec", "w64", "alone", 1, 1, 4},
	}, c.Totals())
}
