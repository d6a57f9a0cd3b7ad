//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClass(t *testing.T) {
	for bytes, want := range map[int]int{1: 0, 255: 0, 256: 0, 257: 1, 512: 1, 513: 2, mappedSize - 1: classes - 1, mappedSize: classes - 1} {
		require.Equal(t, want, class(bytes), bytes)
	}
	for bytes := 1; bytes < mappedSize; bytes += 97 {
		size := smallest << class(bytes)
		require.GreaterOrEqual(t, size, bytes)
		require.True(t, size == smallest || size < 2*bytes, "%d bytes in %d", bytes, size)
	}
}
