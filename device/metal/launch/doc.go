// Package launch says how each kernel of package shaders/metal is compiled and
// started: its source and function constants for a key, its arguments and grid
// for a dispatch. It is data only; the driver and the tests that run shaders
// without a GPU both follow it.
package launch
