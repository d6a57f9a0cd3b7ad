// Package cpu holds the kernels of the CPU device: plain functions over raw
// strided memory, in the manner of BLAS. They know nothing of queues, threads
// or jobs. A caller splits the work in blocks, calls a kernel for each block
// from any goroutine, and gives each goroutine its own [Scratch]; in the
// steady state no call allocates.
//
// Sums are accumulated in float32, and every product is rounded before it is
// added, so that all processors give the same bits. The order in which one
// element is summed is fixed by the kernel's family and by K:
//
//   - matmul_gemv keeps four partial sums, over k = 0, 1, 2, 3 modulo 4, and
//     adds them as (s0+s1)+(s2+s3);
//   - the other matmul kernels add k = 0, 1, 2, ... one after another; when K
//     is blocked the sum goes on from where the last block left it.
//
// Nothing else has a say: not the sizes M and N, the block, the strides or the
// values of other rows and columns. A NaN is stored as the one quiet NaN,
// because which NaN an addition returns depends on the order of its operands.
package cpu
