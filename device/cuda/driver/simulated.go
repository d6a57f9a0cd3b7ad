//go:build linux && (amd64 || arm64)

package driver

// Simulated returns libraries that are not there, for tests: address says where a
// function of theirs is, by its name.
func Simulated(address func(name string) uintptr) (*API, *Compiler, *BLAS) {
	at := func(names []string) *library {
		l := &library{path: "simulated"}
		for _, name := range names {
			l.functions = append(l.functions, address(name))
		}
		return l
	}
	return &API{cuda: at(functionNames)}, &Compiler{nvrtc: at(compilerNames)}, &BLAS{cublas: at(blasNames)}
}
