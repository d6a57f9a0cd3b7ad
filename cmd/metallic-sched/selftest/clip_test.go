package selftest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClip(t *testing.T) {
	var c clip
	for range 10 {
		n, err := c.Write([]byte(strings.Repeat("a", clipHalf)))
		require.NoError(t, err)
		require.Equal(t, clipHalf, n)
	}
	_, _ = c.Write([]byte("the end"))
	require.Less(t, len(c.String()), 2*clipHalf+50)
	require.True(t, strings.HasPrefix(c.String(), "aaa"))
	require.True(t, strings.HasSuffix(c.String(), "aaathe end"))
	require.Contains(t, c.String(), "bytes left out")
	c = clip{}
	_, _ = c.Write([]byte("short"))
	require.Equal(t, "short", c.String())
}
