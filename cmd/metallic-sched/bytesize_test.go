package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]byteSize{
		"2GiB": 2 << 30, "1.5 GiB": 3 << 29, "512MiB": 512 << 20, "64KiB": 64 << 10, "1000B": 1000, "1000": 1000,
	} {
		var b byteSize
		require.NoError(t, b.UnmarshalText([]byte(text)))
		require.Equal(t, want, b, text)
	}
	for _, text := range []string{"", "GiB", "-1GiB", "0", "1GB", "99999999999GiB", "NaN", "Inf"} {
		var b byteSize
		require.ErrorContains(t, b.UnmarshalText([]byte(text)), "write it like", text)
	}
}

func TestByteSizeString(t *testing.T) {
	for b, want := range map[byteSize]string{
		0: "0B", 1023: "1023B", 2 << 30: "2GiB", 3 << 29: "1.5GiB", 1<<30 + 1: "1GiB", 1_300_000_000: "1.21GiB", 640 << 20: "640MiB",
	} {
		require.Equal(t, want, b.String())
	}
}
