// Package tune measures a device and finds the thresholds, queue depth and
// linger that suit it, and the times t(N) that its kernels take. What it
// decides, it decides by pure functions from times; the rest takes them.
package tune
