// Package cuda is the device of NVIDIA's GPUs: the kernels of shaders/cuda
// behind a stream, and cuBLAS as the vendor library. All of it is found at run
// time; the program is built without CUDA.
//
// A queue has a stream and four carriers, goroutines that each take a batch from
// its start to its end: copy what comes from the caller's memory, give the GPU
// transfers and kernels, wait for it, copy what goes to the caller's memory, and
// end the batch. Several copy at a time; they give the GPU work and end batches in
// order.
//
// Shared memory is pinned memory of the host with a twin on the GPU. Between
// batches the host's is true. What a batch touches is transferred to the twin
// before its kernels and what it wrote back after them, in one piece per buffer
// where that is possible.
package cuda
