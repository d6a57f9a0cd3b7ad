package device

import "github.com/metallic-sched/metallic-sched/kernels"

// Batch is one command buffer: stages that run in order.
type Batch struct {
	ID      uint64
	Profile bool // ask for Timing.Dispatches
	Stages  []Stage
	// Done is called once when the batch has ended and the device no longer
	// touches anything the batch refers to: in the order of Commit, one at a
	// time for a queue, from any OS thread, possibly before Commit returns. It
	// must not block or close the queue. err wraps ErrOutOfMemory, ErrLost or
	// a *KernelError where that is the cause.
	Done func(b *Batch, t Timing, err error)
	// Begun, if set, is called once before Done if the device has Info.Begins:
	// the host has done its part of the batch and takes up the next. It must do
	// no more than Done, and need not be called in order or one at a time. What a
	// closed queue refuses does not begin.
	Begun func(b *Batch)
}

// Stage holds work that is independent of each other and may overlap. A stage
// starts after everything in the stages before it has finished.
//
// Copies from or to the caller's memory stand in the first stage (gather) or
// the last (scatter) only. Those of the first may run from Commit on, before
// earlier batches have ended, so they must not touch what those use.
type Stage struct {
	Copies     []Copy
	Dispatches []Dispatch
}

// Copy copies the elements of Src to Dst; types and dimensions are equal.
type Copy struct {
	Dst, Src Region
}

// Dispatch runs one pipeline over one problem. Exactly one of Matmul and
// Softmax is set.
type Dispatch struct {
	Pipeline Pipeline
	Matmul   *Matmul
	Softmax  *Softmax
}

// Matmul binds C[b] = alpha*A[b]*B[b] + beta*C[b] + bias for every matrix b of
// the batch. A is M x K, B is K x N and C is M x N, transposes are in the
// strides. With beta 0 C is not read; with alpha 0 A and B are not read.
type Matmul struct {
	Shape   kernels.Shape
	A, B, C Region
	// Runs cover the N columns from left to right: each column has the
	// factors of the job it came from.
	Runs []Run
	// Biases are M x Columns matrices of C's type, one dimension of stride 0.
	// They lie in one buffer, or all in the caller's memory.
	Biases []Region
}

// Run is a stretch of columns with the same factors.
type Run struct {
	Columns     int
	Alpha, Beta float32
	Bias        int // index into Biases, -1 for none
}

// Softmax binds Y = softmax(X) for every row. X and Y have the same
// dimensions; X may be Y. Columns of Y outside a row's own Cols are not
// touched.
type Softmax struct {
	X, Y Region
	// Rows cover the Batch*M rows in order.
	Rows []RowRun
}

// RowRun is a stretch of rows of one job. Row i of the run (from 0) attends
// to the columns below min(Cols, Limit+i*Step); the others, up to Cols, get 0.
type RowRun struct {
	Rows, Cols  int
	Limit, Step int
}
