package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGather(t *testing.T) {
	const ms = time.Millisecond
	some := Patience{Next: ms / 2, All: 4 * ms}
	for _, c := range []struct {
		callers, depth int
		device         time.Duration
		want           Patience
	}{
		{callers: 64, depth: 1, device: 16 * ms, want: some},
		{callers: 2, depth: 1, device: 16 * ms, want: some},
		{callers: 1, depth: 1, device: 16 * ms},
		{callers: 64, depth: 2, device: 16 * ms},
		{callers: 64, depth: 1, device: ms / 2},
		{callers: 64, depth: 1},
	} {
		require.Equal(t, c.want, Gather(c.callers, c.device, c.depth), "%+v", c)
	}
}
