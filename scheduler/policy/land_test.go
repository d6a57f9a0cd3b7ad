package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLanding(t *testing.T) {
	for _, c := range []struct{ jobs, bytes, want int }{
		{0, 0, 0},
		{1, 1 << 30, 1},
		{3, 0, 3},   // not worth another processor
		{64, 0, 15}, // to wake callers takes time, too
		{64, 64 * 8192, 5},
		{64, 64 << 20, 1},
		{1 << 20, 1 << 62, 1},
	} {
		require.Equal(t, c.want, Landing(c.jobs, c.bytes), "%+v", c)
	}
}
