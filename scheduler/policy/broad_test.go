package policy_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestBroad(t *testing.T) {
	for _, c := range []struct {
		m, columns int
		broad      bool
	}{
		{2048, 2048, true},
		{4096, 512, true},
		{4096, 511, false},  // A is read for too few
		{151936, 64, false}, // however many rows
		{896, 512, false},   // leaves most of a device idle
		{512, 4096, true},
		{511, 4096, false},
		{1 << 40, 1 << 40, true},
		{1, math.MaxInt, true}, // and nothing overflows
		{0, 0, false},
		{0, 4096, false},
	} {
		require.Equal(t, c.broad, policy.Broad(c.m, c.columns), "%d x %d", c.m, c.columns)
	}
}
