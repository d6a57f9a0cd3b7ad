package msl

import "unsafe"

// Kernel describes a kernel of a library.
type Kernel struct {
	Name       string
	Arguments  []Argument
	MaxThreads int // per threadgroup
	// Constants are the indices of the function constants that the kernel may
	// read, perhaps more than it does.
	Constants []int
}

// cArgument and cKernel are msl_argument and msl_kernel of the ABI.
type cArgument struct {
	name, builtin, guardName *byte
	_                        *bool // guard
	kind, index, writable    int32
	size, align              uint32
}

type cKernel struct {
	name          *byte
	launch        uintptr
	arguments     *cArgument
	argumentCount uint32
	maxThreads    uint32
	constants     *int32
	constantCount uint32
}

// kernelsAt reads the table of kernels: it ends with one without a name.
func kernelsAt(table *cKernel) []Kernel {
	var out []Kernel
	for ; table.name != nil; table = (*cKernel)(unsafe.Add(unsafe.Pointer(table), unsafe.Sizeof(*table))) {
		k := Kernel{Name: text(table.name), MaxThreads: int(table.maxThreads)}
		for _, a := range unsafe.Slice(table.arguments, table.argumentCount) {
			k.Arguments = append(k.Arguments, Argument{
				Name: text(a.name), Kind: Kind(a.kind), Index: int(a.index), Builtin: text(a.builtin),
				Guard: text(a.guardName), Writable: a.writable != 0, Size: int(a.size), Align: int(a.align),
			})
		}
		for _, i := range unsafe.Slice(table.constants, table.constantCount) {
			k.Constants = append(k.Constants, int(i))
		}
		out = append(out, k)
	}
	return out
}

// text copies a C string.
func text(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
