// Package launch says how each kernel of package shaders/cuda is compiled and
// started: its source for a key, its entry point, parameter and grid for a
// dispatch. It is data only; the driver follows it.
package launch
