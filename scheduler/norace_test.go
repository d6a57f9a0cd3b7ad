//go:build !race

package scheduler_test

const slowdown = 1
