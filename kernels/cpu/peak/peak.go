// Package peak holds loops that reach a processor's limits and compute nothing
// of use. Benchmarks put what kernels reach beside them.
package peak

// rounds is some microseconds of multiplications: a long call would hold up
// the garbage collector.
const rounds = 1 << 12

// FMA does fused multiplications with addition of float32, from registers, in
// one thread, for some microseconds. It returns how many operations it did, two
// each.
func FMA() (operations float64) {
	fma(rounds)
	return rounds * fmaOperations()
}

// chunk is what one call reads, so that no call is long.
const chunk = 256 << 10

// Read reads memory once, as fast as one thread can. Less than 512 bytes at
// the end may be left out.
func Read(memory []byte) {
	for len(memory) >= block {
		n := min(len(memory), chunk) / block
		read(memory[:n*block])
		memory = memory[n*block:]
	}
}

// block is what the loops read in one round.
const block = 512
