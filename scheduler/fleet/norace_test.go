//go:build !race

package fleet_test

const slowdown = 1
