//go:build !noasm

package peak

import "golang.org/x/sys/cpu"

var (
	wide = cpu.X86.HasAVX512F
	fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA
)

// Name says what the loops use.
func Name() string {
	switch {
	case wide:
		return "AVX-512"
	case fast:
		return "AVX2"
	}
	return "portable"
}

func fma(rounds int) {
	switch {
	case wide:
		fma512(rounds)
	case fast:
		fma256(rounds)
	default:
		fmaPortable(rounds)
	}
}

func fmaOperations() float64 {
	switch {
	case wide:
		return 12 * 16 * 2
	case fast:
		return 12 * 8 * 2
	}
	return portableOperations
}

func read(memory []byte) {
	switch {
	case wide:
		read512(&memory[0], len(memory)/block)
	case fast:
		read256(&memory[0], len(memory)/block)
	default:
		readPortable(memory)
	}
}
