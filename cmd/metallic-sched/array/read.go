package array

import (
	"errors"
	"os"
	"slices"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// Read returns the tensor at a place. The file is mapped to memory for the rest
// of the program: only what is used is read, and it must not change. The error
// is an *Error for a wrong file, or wraps one of the file system's.
func Read(p Place) (*Array, error) {
	raw, err := load(p.File)
	if err != nil {
		return nil, err
	}
	if p.npy() {
		return parseNpy(p.File, raw)
	}
	return parseSafetensors(p, raw)
}

func load(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) { // names the file itself
			err = at.Err
		}
		return nil, failed(path, err)
	}
	defer file.Close() // the mapping outlives it
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, failed(path, err)
	case !info.Mode().IsRegular():
		return nil, wrong(path, "kind", "a regular file", "%v", info.Mode().Type())
	case info.Size() == 0:
		return nil, wrong(path, "size", "", "0: the file is empty")
	}
	raw, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, failed(path, err)
	}
	return raw, nil
}

// aligned returns data at an address that its elements may have.
func aligned(data []byte, size int) []byte {
	if len(data) == 0 || uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(size) == 0 {
		return data
	}
	return slices.Clone(data)
}
