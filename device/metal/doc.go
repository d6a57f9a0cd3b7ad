// Package metal is the device of Apple's GPUs: the kernels of shaders/metal
// behind a Metal command queue, and Metal Performance Shaders as the vendor
// library. It needs no C compiler: Metal is loaded and driven at run time.
//
// Every buffer is in shared storage, which the processor addresses, too:
// copies from and to the caller's memory are the processor's work, before the
// GPU starts on a batch and after it has ended. Copies from buffer to buffer
// are the GPU's, in order with the dispatches.
//
// A batch is one command buffer, or one for each dispatch if it is to be
// profiled. Batches are handed over to the GPU without waiting for those
// before, unless a copy that is still to come would meet what they do.
package metal
