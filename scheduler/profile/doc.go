// Package profile holds what was measured of one device, by one version of
// this program: the thresholds, queue depth and linger that suit it, and the
// times that its kernels take. `metallic-sched tune` writes such a file; a
// scheduler that is given one goes by it, unless it is of another machine.
package profile
