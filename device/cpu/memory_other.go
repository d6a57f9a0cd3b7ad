//go:build !linux

package cpu

import (
	"fmt"
	"os"
	"unsafe"
)

// mapMemory allocates from the Go heap, aligned to pages. A size that no
// machine has is an error instead of a panic.
func mapMemory(bytes int) (memory []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	page := os.Getpagesize()
	all := make([]byte, bytes+page)
	skip := -uintptr(unsafe.Pointer(&all[0])) % uintptr(page)
	return all[skip:][:bytes:bytes], nil
}

// unmapMemory leaves the memory to the garbage collector.
func unmapMemory([]byte) {}

// physicalMemory returns 0: not known.
func physicalMemory() int64 { return 0 }
