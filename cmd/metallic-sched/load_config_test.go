package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLoadFlagsOfOthers: what a load would ignore is refused by name.
func TestLoadFlagsOfOthers(t *testing.T) {
	good := loadCommand{Speed: 1, Precision: 0.05, Trials: 16, For: 2, Window: time.Second, Late: time.Second, InFlight: 1}
	require.NoError(t, good.check())
	c := good
	c.Trace = "x"
	require.NoError(t, c.check())
	c.Stable = true
	require.ErrorContains(t, c.check(), "--stable or --trace")
	c = good
	c.Speed = 2
	require.ErrorContains(t, c.check(), "--speed is that of a --trace")
}
