//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
)

// block is memory of the GPU or pinned memory of the host.
type block struct {
	size int // 0: none
	gpu  driver.Pointer
	host unsafe.Pointer
}

// where says whose memory a block is.
type where int

const (
	onGPU where = iota
	onHost
	places
)

const (
	smallest = 256 // bytes of the first class
	classes  = 13  // powers of two up to largest
	largest  = smallest << (classes - 1)
	// sparePerClass bounds the bytes of a class that are kept for the next.
	sparePerClass = 64 << 20
)

// memory is what a device has allocated. Blocks up to largest are kept for the
// next when they are freed: the driver takes long to give them. Its methods may
// be called from any goroutine.
type memory struct {
	context  *driver.Context
	chores   chores     // what was freed and is not kept
	dropping sync.Mutex // held while spare blocks are given back

	mu     sync.Mutex
	spare  [places][classes][]block
	closed bool
}

func newMemory(c *driver.Context) *memory { return &memory{context: c} }

// class returns which of the sizes holds so many bytes; from classes on none.
func class(bytes int) int {
	return max(0, bits.Len(uint(bytes-1))-bits.Len(uint(smallest-1)))
}

func (m *memory) take(w where, bytes int) (block, error) {
	if int64(bytes) > m.context.Memory {
		return block{}, fmt.Errorf("%d bytes; the GPU has %d: %w", bytes, m.context.Memory, device.ErrOutOfMemory)
	}
	size := bytes
	if bytes <= largest {
		c := class(bytes)
		size = smallest << c
		m.mu.Lock()
		if n := len(m.spare[w][c]); n > 0 {
			b := m.spare[w][c][n-1]
			m.spare[w][c] = m.spare[w][c][:n-1]
			m.mu.Unlock()
			return b, nil
		}
		m.mu.Unlock()
	}
	var b block
	err := m.retry(func() (err error) {
		b, err = m.fresh(w, size)
		return err
	}, w)
	return b, err
}

// retry calls fn, and once more if that failed for want of memory: after the spare
// blocks of the places have gone back to the driver, and what was freed before, unless
// a hung GPU holds that up. A call that failed so must have done nothing.
func (m *memory) retry(fn func() error, from ...where) error {
	err := fn()
	if !mayLackMemory(err) {
		return err
	}
	for _, w := range from {
		m.drop(w)
	}
	m.chores.waitFor(freeingPatience)
	return fn()
}

// freeingPatience is how long who lacks memory waits for what was freed: no shorter
// than batches take, or it would find none.
const freeingPatience = 10 * time.Second

// fresh asks the driver for a block.
func (m *memory) fresh(w where, size int) (block, error) {
	b := block{size: size}
	err := m.context.With(func() (err error) {
		if w == onGPU {
			b.gpu, err = m.context.Alloc(size)
		} else {
			b.host, err = m.context.AllocHost(size)
		}
		return err
	})
	if err != nil {
		return block{}, err
	}
	return b, nil
}

// drop gives the spare blocks of a place back to the driver. It returns when those
// that others are giving back are there, too.
func (m *memory) drop(w where) {
	m.dropping.Lock()
	defer m.dropping.Unlock()
	m.mu.Lock()
	all := m.takeSpare(w)
	m.mu.Unlock()
	if len(all) > 0 {
		_ = m.context.With(func() error { return m.free(w, all...) })
	}
}

// takeSpare returns the spare blocks of a place, which has none any more. It
// wants the lock.
func (m *memory) takeSpare(w where) (all []block) {
	for c := range m.spare[w] {
		all = append(all, m.spare[w][c]...)
		m.spare[w][c] = nil
	}
	return all
}

// give takes a block back that nothing uses any more. It waits for nothing.
func (m *memory) give(w where, b block) {
	if b.size == 0 {
		return
	}
	if b.size <= largest {
		c := class(b.size)
		m.mu.Lock()
		keep := !m.closed && (len(m.spare[w][c])+1)*b.size <= sparePerClass
		if keep {
			m.spare[w][c] = append(m.spare[w][c], b)
		}
		m.mu.Unlock()
		if keep {
			return
		}
	}
	// An error means that the device is lost, and the memory with it.
	m.chores.add(func() { _ = m.context.With(func() error { return m.free(w, b) }) })
}

func (m *memory) free(w where, all ...block) (failed error) {
	for _, b := range all {
		var err error
		if w == onGPU {
			err = m.context.Free(b.gpu)
		} else {
			err = m.context.FreeHost(b.host)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// close gives back what was kept and keeps nothing from now on. It wants the
// context.
func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for w := range places {
		_ = m.free(w, m.takeSpare(w)...)
	}
}
