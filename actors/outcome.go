package actors

import (
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Outcome is a batch that has ended, as an Observer sees it. It is valid
// during the call only.
type Outcome Batch

// ID numbers the batches of an engine; a retry has the number 0 until it is
// part of the record of the batch it came from.
func (o *Outcome) ID() uint64 { return o.Batch.ID }

// Plan returns the plan of the batch's first job.
func (o *Outcome) Plan() *kernels.Plan { return o.parts[0].task.Plan }

// Form returns the batch's first job.
func (o *Outcome) Form() *job.Form { return &o.parts[0].task.Form }

// Work returns the average problem of the batch and how many there were.
func (o *Outcome) Work() (w policy.Work, problems int) { return (*Batch)(o).work() }

// Key returns the specialisation that ran.
func (o *Outcome) Key() *kernels.Key { return &o.key }

// Compiled reports whether a kernel had to be compiled for the batch.
func (o *Outcome) Compiled() bool { return o.compiled }

// Jobs returns the jobs, or parts of jobs, in the batch.
func (o *Outcome) Jobs() int { return len(o.parts) }

// Columns returns the columns (softmax: rows, attention: K/V heads) of the batch.
func (o *Outcome) Columns() int { return o.columns }

// Problems returns the products with operands of their own in the batch.
func (o *Outcome) Problems() int { return o.problems }

// Reason says why the batch was closed when it was.
func (o *Outcome) Reason() CloseReason { return o.reason }

// Picked says why its lane came next.
func (o *Outcome) Picked() string { return o.pick }

// Attempt counts the times that the batch's jobs were tried before.
func (o *Outcome) Attempt() int { return o.attempt }

// Check returns how the comparison of a job's bits came out; 0 unless the
// batch is one that was run for it.
func (o *Outcome) Check() CheckResult {
	if o.check == nil {
		return 0
	}
	return o.check.result
}

// Err returns why the batch failed, nil if it did not.
func (o *Outcome) Err() error { return o.err }

// Unwritten returns how many of its jobs failed because their memory for the
// result is gone; the others are not concerned.
func (o *Outcome) Unwritten() int { return int(o.unwritten.Load()) }

// Queue returns how long the longest waiting job waited to be put in the
// batch.
func (o *Outcome) Queue() time.Duration { return o.formed.Sub(o.oldest) }

// Encode returns the time from there to the device's queue.
func (o *Outcome) Encode() time.Duration { return o.committed.Sub(o.formed) }

// Device returns how long the device computed.
func (o *Outcome) Device() time.Duration { return o.timing.Device }

// Dispatches returns the times of single dispatches, when profiling.
func (o *Outcome) Dispatches() []time.Duration { return o.timing.Dispatches }

// Total returns the time from the first arrival to the end.
func (o *Outcome) Total() time.Duration { return o.ended.Sub(o.oldest) }

// Tenants calls f with each job's tenant.
func (o *Outcome) Tenants(f func(tenant string)) {
	for i := range o.parts {
		f(o.parts[i].task.Account.Tenant)
	}
}
