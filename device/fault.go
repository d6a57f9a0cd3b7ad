package device

import (
	"fmt"
	"runtime/debug"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// MemoryError says that memory is not there, such as that of a mapped file that
// was cut short, or may not be written.
type MemoryError struct{ Address uintptr }

func (e *MemoryError) Error() string {
	return fmt.Sprintf("device: memory at %#x is not there, or may not be written: it was unmapped, protected, or its file cut short", e.Address)
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
func TryCopy(dst, src tensor.View) (err error) {
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
	tensor.Copy(dst, src)
	return nil
}
