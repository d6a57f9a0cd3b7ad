//go:build !linux

package shm

import "os"

// Memory is shared memory in this process.
type Memory struct{ Bytes []byte }

// Make returns ErrUnsupported.
func Make(int) (*Memory, error) { return nil, ErrUnsupported }

// Open returns ErrUnsupported.
func Open(file *os.File) (*Memory, error) {
	_ = file.Close()
	return nil, ErrUnsupported
}

// CloseFile does nothing.
func (*Memory) CloseFile() {}

// Close does nothing.
func (*Memory) Close() error { return nil }

// Abandon does nothing.
func (*Memory) Abandon() error { return nil }

// File returns nil.
func (*Memory) File() *os.File { return nil }
