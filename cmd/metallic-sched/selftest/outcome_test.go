package selftest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutcomes(t *testing.T) {
	require.Equal(t, Passed, Worst())
	require.Equal(t, NotTested, Worst(Passed, NotTested))
	require.Equal(t, NotRun, Worst(NotRun, NotTested))
	require.Equal(t, Failed, Worst(NotRun, Failed, Passed))
}
