package peak

import "encoding/binary"

const portableOperations = 8 * 2

// fmaPortable is as near to the limit as Go code gets.
func fmaPortable(rounds int) {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	x := sink.float
	for range rounds {
		s0 += x * x
		s1 += x * x
		s2 += x * x
		s3 += x * x
		s4 += x * x
		s5 += x * x
		s6 += x * x
		s7 += x * x
	}
	keep(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7)
}

func readPortable(memory []byte) {
	var sum uint64
	for len(memory) >= 32 {
		sum += binary.NativeEndian.Uint64(memory) ^ binary.NativeEndian.Uint64(memory[8:]) ^
			binary.NativeEndian.Uint64(memory[16:]) ^ binary.NativeEndian.Uint64(memory[24:])
		memory = memory[32:]
	}
	if sum == 1 { // the compiler cannot know
		keep(1)
	}
}

// sink keeps results alive.
var sink struct{ float float32 }

//go:noinline
func keep(x float32) {
	if x == 1 {
		println("a sum of zeros is one")
	}
}
