//go:build darwin || linux

package metal

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

// mapping is zeroed memory that is not Go's, aligned to pages of Apple's
// processors.
type mapping struct {
	memory []byte // what was asked for
	all    []byte // what was mapped: where pages are smaller, more
}

// newMapping maps a multiple of mtl.PageSize.
func newMapping(size int) (mapping, error) {
	slack := mtl.PageSize - min(unix.Getpagesize(), mtl.PageSize)
	all, err := unix.Mmap(-1, 0, size+slack, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return mapping{}, err
	}
	skip := -uintptr(unsafe.Pointer(&all[0])) % mtl.PageSize
	return mapping{all[skip:][:size:size], all}, nil
}

func (m mapping) free() {
	if err := unix.Munmap(m.all); err != nil {
		panic("metal: unmapping memory that was mapped here: " + err.Error())
	}
}
