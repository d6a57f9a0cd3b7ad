// Package suite has the benchmark suites of the Metallic framework: which
// products, softmaxes and attentions they measure, and how those are run through a
// scheduler on any device, each kernel family forced in turn.
//
// A [Suite] is a list of Cases: a [Work], which says what is computed, and the
// Backend that has to compute it. A [Runner] makes operands for a Work,
// compares what each backend computes with a float64 reference, and only then
// takes times. A [Writer] writes results in the Go benchmark format, which
// benchstat reads.
package suite
