// Package actors carries jobs from submission to their end: dispatcher actors
// collect them in buckets, a device actor hands out credits, kernel actors
// bind batches to compiled kernels, and the device actor commits them. It is
// the only package that knows protoactor.
//
// Actors carry wake-ups, credits and batches; they own nothing. Jobs live in
// plain structures (Task, shard, lane, bucket, Batch) that survive an actor's
// restart, and every accepted job ends exactly once through job.Life.
//
// What was decided, and from what, can be traced and decided again without
// actors, device or clock: see Replayer.
//
// What protoactor's own parts would cost is designed round: the mailbox keeps
// a message that a panic interrupted and delivers it again, actors run on
// long-lived goroutines instead of a new one for every wake-up, restarts are
// not limited, and requests never wait on futures.
package actors
