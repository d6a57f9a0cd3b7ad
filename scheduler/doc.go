// Package scheduler runs matrix products, softmaxes and attentions on a device
// for many callers at once. Jobs that share an operand are computed together, so that
// it is read once; nobody's result, latency or failure depends on whom a job
// was batched with.
//
// [Open] a Scheduler, [Scheduler.Load] the weights that many jobs share, and
// [Scheduler.Do] jobs from as many goroutines as you like:
//
//	s, err := scheduler.Open(ctx, scheduler.Config{})
//	w, err := s.Load(tensor.Matrix(weights, rows, cols))
//	err = s.Do(ctx, &job.Matmul{A: w.View(), B: tensor.Vector(x), C: tensor.Vector(y)})
//
// Every decision can be recorded with its reason; see Config.Recorder and
// [FromEnv].
package scheduler
