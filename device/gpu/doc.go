// Package gpu is what the GPU backends share: it turns the bindings of a
// dispatch into the arguments that kernels read.
package gpu
