package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What describes capabilities is also how they are asked for.
func TestCapsRoundTrip(t *testing.T) {
	for _, text := range []string{
		"simdgroup=1,max-threadgroup=1024",
		"simd,simdgroup=1,max-threadgroup=256",
		"vendor,reduction,simdgroup=32,max-threadgroup=1024",
	} {
		caps, err := parseCaps(text)
		require.NoError(t, err)
		require.Equal(t, text, describeCaps(caps))
	}
}

func TestParseCaps(t *testing.T) {
	none, err := parseCaps("none")
	require.NoError(t, err)
	require.Equal(t, "simdgroup=1,max-threadgroup=1024", describeCaps(none))
	wide, err := parseCaps("simdgroup=32, simd")
	require.NoError(t, err)
	require.Equal(t, "simd,reduction,simdgroup=32,max-threadgroup=1024", describeCaps(wide))
	for _, text := range []string{"", "none,simd", "simd=1", "simdgroup", "simdgroup=0", "simdgroup=x", "max-threadgroup=-1", "fast"} {
		_, err := parseCaps(text)
		require.ErrorContains(t, err, capsAllowed, text)
	}
}
