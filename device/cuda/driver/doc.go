// Package driver calls NVIDIA's driver, its run-time compiler and cuBLAS from
// pure Go. It knows nothing of devices and batches.
//
// A context belongs to an OS thread: callers lock theirs and make the context
// current before anything but Load.
package driver
