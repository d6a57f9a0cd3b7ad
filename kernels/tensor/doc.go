// Package tensor describes matrices in memory without owning or copying them.
//
// A [View] is a batch of matrices: a base address, a length, dimensions
// (batch, rows, columns), strides in elements and an offset. Slicing,
// indexing and transposing make new views over the same memory. All size
// arithmetic is checked for overflow, and a view that would reach outside its
// memory carries an [Error] instead of a pointer that could be followed.
//
// Views are values: they may be copied and used from many goroutines at once.
// They do not synchronise access to the memory behind them.
package tensor
