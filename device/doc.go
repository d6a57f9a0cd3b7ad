// Package device is the seam between the scheduler and hardware: what every
// backend offers and what it is given. A backend compiles kernels by their
// specialisation key and runs batches of plain data in order; it knows
// nothing of jobs, tenants or actors.
//
// The seam was fitted to three kinds of hardware: a pool of CPU threads, CUDA
// (streams, staging copies) and Metal (encoders, barriers). A batch is a list
// of stages; what stands in one stage is independent and may overlap, and a
// stage sees everything that earlier stages wrote. Read and write sets follow
// from the regions that each copy and dispatch names.
package device
