// Package cpu holds the kernels of the CPU device: plain functions over raw
// strided memory, in the manner of BLAS. They know nothing of queues, threads
// or jobs. A caller splits the work in blocks, calls a kernel for each block
// from any goroutine, and gives each goroutine its own [Scratch]; in the
// steady state no call allocates.
//
// Kernels are chosen at run time for the best instruction set that there is:
// see [Level]. The hot loops of AVX-512 and AVX2 are assembly that the programs
// in _generate write; without them, or with the build tag noasm, everything is
// Go. No call into assembly is long (Go cannot preempt one): a few
// microseconds for products, some 30 for rows of a softmax.
//
// Sums are accumulated in float32. The order in which one element is summed is
// fixed by the kernel's family and by K:
//
//   - matmul_gemv keeps partial sums, over k modulo 4 (portable) or modulo 64;
//   - the other matmul kernels add k = 0, 1, 2, ... one after another; when K
//     is blocked the sum goes on from where the last block left it.
//
// The portable kernels round each product before it is added, the others fuse
// the two: bits may differ between processors with and without AVX2, and do
// not differ between AVX2 and AVX-512 in products.
//
// Nothing else has a say: not the sizes M and N, the block, the strides, the
// values of other rows and columns, nor whether an operand was packed before.
// A NaN is stored as the one quiet NaN, because which NaN an addition returns
// depends on the order of its operands.
//
// How products are computed: a panel is 48 rows of A, k-major (of a softmax or
// gemv there is none). The micro-kernel multiplies a panel with up to 8 columns
// whose sums stay in registers.
//
//   - Small N, A kept in panels ([Panels], made when an operand is loaded): each
//     panel is read once for all columns.
//   - Small N, A anywhere: a stretch of a panel at a time is packed on the way,
//     or, with fewer rows than columns, the mirror image C^T = B^T*A^T computed.
//   - Large in every direction ([Packed]): B in panels and A in groups of rows,
//     packed once by all threads, or read in place where rows lie close.
package cpu
