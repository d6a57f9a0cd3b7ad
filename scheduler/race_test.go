//go:build race

package scheduler_test

// The race detector makes everything about twenty times slower.
const slowdown = 20
