package selftest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCrowdOutcome(t *testing.T) {
	require.Equal(t, Passed, (&Crowd{Balances: true, SameBits: true}).outcome())
	require.Equal(t, Failed, (&Crowd{SameBits: true}).outcome())
	require.Equal(t, Failed, (&Crowd{Balances: true}).outcome())
	require.Equal(t, NotTested, (&Crowd{Balances: true, Untested: []string{"x"}}).outcome())
	require.Equal(t, Failed, (&Crowd{Balances: true, SameBits: true, Measure: Measure{OfBound: 2}}).outcome())
}
