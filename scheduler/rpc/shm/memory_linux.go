package shm

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory is shared memory in this process.
type Memory struct {
	Bytes []byte
	file  *os.File // of the side that made it
}

// Make returns n bytes of new memory, all of them there: neither side can be
// surprised by a lack of it. Nobody can make it smaller, which would kill who
// reads beyond.
func Make(n int) (*Memory, error) {
	fd, err := unix.MemfdCreate("metallic-sched", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("shm: %w", err)
	}
	file := os.NewFile(uintptr(fd), "metallic-sched")
	m, err := fill(file, n)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("shm: %d bytes: %w", n, err)
	}
	return m, nil
}

func fill(file *os.File, n int) (*Memory, error) {
	fd := int(file.Fd())
	if err := unix.Fallocate(fd, 0, 0, int64(n)); err != nil {
		return nil, err
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return &Memory{b, file}, nil
}

// Open maps memory that was received. It takes over the file. Its size must be
// sealed.
func Open(file *os.File) (*Memory, error) {
	defer file.Close()
	seals, err := unix.FcntlInt(file.Fd(), unix.F_GET_SEALS, 0)
	if err != nil {
		return nil, fmt.Errorf("shm: %w", err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("shm: %w", err)
	case seals&unix.F_SEAL_SHRINK == 0:
		return nil, fmt.Errorf("shm: the memory's size is not sealed")
	}
	b, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("shm: %w", err)
	}
	return &Memory{Bytes: b}, nil
}

// CloseFile closes the descriptor that was handed over. The memory stays.
func (m *Memory) CloseFile() {
	if m.file != nil {
		_ = m.file.Close()
		m.file = nil
	}
}

// Close unmaps the memory. Nobody may use Bytes any more.
func (m *Memory) Close() error {
	m.CloseFile()
	return unix.Munmap(m.Bytes)
}

// Abandon gives the memory back but not its addresses: who still reads or writes
// there finds memory of nobody. It is for when nobody knows who does.
func (m *Memory) Abandon() error {
	m.CloseFile()
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(unsafe.SliceData(m.Bytes)), uintptr(len(m.Bytes)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED|unix.MAP_NORESERVE)
	return err
}

// File returns the descriptor to hand over.
func (m *Memory) File() *os.File { return m.file }
