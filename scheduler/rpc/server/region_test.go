package server

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Shared memory is numbered from elsewhere in each run of a server, so that a number from
// before a restart is nobody's.
func TestRegionNumbersOfAnotherRun(t *testing.T) {
	one, other := newReader(t), newReader(t)
	require.NotEqual(t, one.regions.Load(), other.regions.Load())
}
