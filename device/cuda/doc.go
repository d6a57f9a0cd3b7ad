// Package cuda is the device of NVIDIA's GPUs: the kernels of shaders/cuda
// behind a stream, and cuBLAS as the vendor library. All of it is found at run
// time; the program is built without CUDA.
//
// A queue has a stream and two goroutines. The runner takes batches, copies
// what comes from the caller's memory, and gives the GPU transfers and kernels
// ahead of time; the waiter waits for the GPU, copies what goes to the caller's
// memory, and ends batches in order.
//
// Shared memory is pinned memory of the host with a twin on the GPU. Between
// batches the host's is true. What a batch touches is transferred to the twin
// before its kernels and what it wrote back after them, in one piece per buffer
// where that is possible.
package cuda
