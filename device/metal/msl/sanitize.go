package msl

// Sanitizer is what an executable is built with to find errors.
type Sanitizer int

// The sanitizers.
const (
	None    Sanitizer = iota
	Thread            // data races between threads of a threadgroup
	Address           // accesses outside of buffers and arrays, or misaligned
)

func (s Sanitizer) String() string {
	switch s {
	case None:
		return "no"
	case Thread:
		return "thread"
	case Address:
		return "address"
	}
	return "unknown"
}
