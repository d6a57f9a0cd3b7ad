// Package blas is the platform's own BLAS, found at run time: OpenBLAS, BLIS
// or MKL on Linux, Accelerate on macOS. Nothing is linked and no C compiler is
// needed; a machine without a BLAS gets an error that says what was tried.
//
// Idle threads of a library may look for more work for a while before they
// sleep: those of OpenBLAS for 0.1 s, if OPENBLAS_THREAD_TIMEOUT does not say
// less (it is the exponent of 2 of clock cycles, 26 by default).
//
// A call leaves the Go scheduler for its time, as a system call does: other
// goroutines and the garbage collector go on. It cannot be interrupted, and a
// fault inside it (a matrix in a mapped file that was cut short) ends the
// process.
package blas
