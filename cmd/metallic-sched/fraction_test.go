package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFraction(t *testing.T) {
	for text, want := range map[string]float64{"0.02": 0.02, "2%": 0.02, "2.5 %": 0.025, "0": 0} {
		var f fraction
		require.NoError(t, f.UnmarshalText([]byte(text)))
		require.InDelta(t, want, float64(f), 1e-15)
	}
	var f fraction
	require.ErrorContains(t, f.UnmarshalText([]byte("two")), `"two" is no fraction`)
}
