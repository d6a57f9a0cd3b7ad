// Command bench compares the cpu device with its peers on the machine it runs
// on: OpenBLAS (or another BLAS) and, where a library was built from its
// sources (see ggml/CMakeLists.txt), ggml.
//
// Ours and the peers take turns within one run, and medians are compared, so
// that other users of the machine disturb all alike. What the machine could do
// is measured in the same run: multiplications from registers, and reading
// memory. Every result is checked against float64 before it is timed. Ours is
// asked through a queue of the device or through the scheduler, peers by plain
// calls.
//
//	go run ./bench -quick
//	go run ./bench -sections smalln -types f32 -threads 2 -md
package main
