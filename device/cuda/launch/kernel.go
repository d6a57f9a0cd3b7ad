package launch

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// Kernel is what to compile. Kernels of equal File and Types are one module.
type Kernel struct {
	File  string
	Types cuda.Types
}

// Source returns the text to compile.
func (k Kernel) Source() (string, error) { return cuda.Source(k.File, k.Types) }

// Entries are the functions of the kernel's module that a key may start.
func (k Kernel) Entries() []Entry { return entriesOf(k) }

// Entry is a function, and what it needs of dynamic shared memory.
type Entry struct {
	Name   string
	Shared int // bytes
}

// Compile returns the kernel of a key for a GPU. It wraps
// device.ErrUnsupported for one that has no source.
func Compile(key kernels.Key, gpu GPU) (Kernel, error) {
	e, ok := table[key.Kernel]
	if !ok {
		return Kernel{}, fmt.Errorf("kernel %q: %w", key.Kernel, device.ErrUnsupported)
	}
	types := typesOf(key)
	k := Kernel{File: fileOf(e.file, types, gpu), Types: types}
	if _, err := k.Source(); err != nil {
		return Kernel{}, fmt.Errorf("kernel %v: %w: %w", key, device.ErrUnsupported, err)
	}
	return k, nil
}

// CopyKernel returns the kernel that copies elements of a type. Only their size
// matters.
func CopyKernel(dt tensor.DType) Kernel {
	if dt == tensor.F16 {
		dt = tensor.BF16
	}
	return Kernel{File: copyEntry, Types: cuda.Types{A: dt.String(), B: dt.String(), C: dt.String()}}
}

func typesOf(key kernels.Key) cuda.Types {
	return cuda.Types{A: key.A.String(), B: key.B.String(), C: key.C.String()}
}
