package job

import (
	"context"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Doer runs jobs: a scheduler of this process, or a client of one in another.
// All methods may be called from any goroutine; what each promises stands at
// *scheduler.Scheduler. A nil ctx is refused with an *InvalidError, as it is by
// everything else here that takes one: nothing is done then.
type Doer interface {
	// Do runs a job and waits for its end.
	Do(ctx context.Context, j Job) error
	// DoAll runs many jobs, accepted together or not at all, and waits for all.
	DoAll(ctx context.Context, jobs []Job) error
	// Submit hands a job over.
	Submit(ctx context.Context, j Job) (Handle, error)
	// SubmitAll hands many jobs over, together or not at all.
	SubmitAll(ctx context.Context, jobs []Job) ([]Handle, error)
	// LoadOperand is Load for those who do not know which Doer they have.
	LoadOperand(v tensor.View) (Operand, error)
	// Close finishes what was accepted, as far as ctx allows.
	Close(ctx context.Context) error
}

// Operand is a matrix that a Doer keeps for many jobs. Jobs that name it by
// its View, its T or slices of them are computed together.
type Operand interface {
	View() tensor.View
	T() tensor.View
	// Update replaces the contents by others of the same type and dimensions.
	Update(v tensor.View) error
	// Release gives it up after the last job that uses it.
	Release()
}
