//go:build race

package fleet_test

// slowdown is how much less is done under the race detector.
const slowdown = 5
