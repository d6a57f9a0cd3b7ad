// Package drivertest has the functions of NVIDIA's libraries without a GPU: they
// do what tests of the host's side need, at once, and fail when they are told to.
// There are no kernels.
package drivertest
