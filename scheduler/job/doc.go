// Package job is what users of the scheduler write and hold: the jobs
// themselves ([Matmul], [Softmax], [Attention]) with their [Options], the [Handle] of an
// accepted job, and the errors. It also holds the state machine that makes
// every accepted job end exactly once, and the ledger of what is in flight.
package job
