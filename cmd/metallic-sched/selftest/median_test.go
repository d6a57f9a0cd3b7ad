package selftest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	require.Zero(t, median(nil))
	require.EqualValues(t, 2, median([]time.Duration{9, 2, 1}))
	require.EqualValues(t, 2, median([]time.Duration{9, 2, 3, 1}))
}

func TestPer(t *testing.T) {
	require.Zero(t, per(5, 0))
	require.Equal(t, 2.0, per(4e9, 2*time.Second))
}
