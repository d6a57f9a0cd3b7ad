// Package policy decides: which kernel a job gets and why, which bucket runs
// next, whether the device has room, and how long a batch will take. It is
// pure. Clock, load, capabilities and preferences are arguments; nothing here
// reads the environment, starts goroutines or touches memory of a job.
package policy
