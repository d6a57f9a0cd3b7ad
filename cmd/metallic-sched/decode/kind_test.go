package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKindsAreListedInOrder(t *testing.T) {
	require.Len(t, Kinds, int(LMHead)+1)
	for i, k := range Kinds {
		require.Equal(t, Kind(i), k)
		require.NotContains(t, k.String(), "kind(")
	}
	require.Equal(t, "kind(99)", Kind(99).String())
}
