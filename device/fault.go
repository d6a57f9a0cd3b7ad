package device

import (
	"runtime/debug"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// MemoryError says that memory is not there, such as that of a mapped file that
// was cut short, or may not be written. Only the field says where: the text may go
// to other machines.
type MemoryError struct{ Address uintptr }

func (*MemoryError) Error() string {
	return "device: memory is not there, or may not be written: it was unmapped, protected, or its file cut short"
}

// Fault returns what a recovered panic says of memory, nil if it was of anything
// else. Memory that is not there panics on goroutines that asked for that with
// debug.SetPanicOnFault.
func Fault(recovered any) *MemoryError {
	if f, ok := recovered.(interface{ Addr() uintptr }); ok {
		return &MemoryError{Address: f.Addr()}
	}
	return nil
}

// TryCopy is tensor.Copy for memory that may not be there: a *MemoryError then.
func TryCopy(dst, src tensor.View) error { return Try(func() { tensor.Copy(dst, src) }) }

// Try calls f, which touches memory that may not be there and leaves nothing half
// done that matters: a *MemoryError then. Other panics go on.
func Try(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		cause := recover()
		switch gone := Fault(cause); {
		case gone != nil:
			err = gone
		case cause != nil:
			panic(cause)
		}
	}()
	f()
	return nil
}
