// Package loadtest puts a measured load on anything that runs jobs (a
// job.Doer): open loop at a rate that follows a shape, closed loop, or a
// replayed trace of arrivals. Latency is taken from when a job was due as well
// as from when it was sent, so that a stall shows in the jobs that had to wait
// for it, not only in the one that met it.
//
// A run writes records (see Record); everything that is shown of a run is
// derived from those, by Read and Summarise.
package loadtest
