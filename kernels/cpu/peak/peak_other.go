//go:build !amd64 || noasm

package peak

// Name says what the loops use.
func Name() string { return "portable" }

func fma(rounds int) { fmaPortable(rounds) }

func fmaOperations() float64 { return portableOperations }

func read(memory []byte) { readPortable(memory) }
