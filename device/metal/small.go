//go:build darwin || linux

package metal

import (
	"fmt"
	"math/bits"

	"github.com/metallic-sched/metallic-sched/device"
)

const (
	smallest = 256 // bytes of the first class
	classes  = 13  // powers of two up to mappedSize
	// sparePerClass bounds the bytes of a class that are kept for the next.
	sparePerClass = 4 << 20
	// alignment is what Alloc promises, in bytes. Metal promises nothing.
	alignment = 64
)

// class returns which of the sizes holds so many bytes.
func class(bytes int) int {
	return max(0, bits.Len(uint(bytes-1))-bits.Len(uint(smallest-1)))
}

// takeSmall returns a buffer that was freed, or a new one.
func (m *memory) takeSmall(bytes int) (part, error) {
	c := class(bytes)
	m.mu.Lock()
	if n := len(m.spare[c]); n > 0 {
		p := m.spare[c][n-1]
		m.spare[c] = m.spare[c][:n-1]
		m.mu.Unlock()
		return p, nil
	}
	m.mu.Unlock()
	size := smallest << c
	if err := m.reserve(int64(size)); err != nil {
		return part{}, err
	}
	b, err := m.gpu.NewBuffer(size)
	if err != nil {
		m.used.Add(-int64(size))
		return part{}, fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	}
	address := b.Contents()
	if uintptr(address)%alignment != 0 {
		m.used.Add(-int64(size))
		b.Release()
		return m.takePages(bytes)
	}
	return part{metal: b, memory: address, size: size}, nil
}

func (m *memory) giveSmall(p part) {
	m.mu.Lock()
	c := class(p.size)
	keep := !m.closed && (len(m.spare[c])+1)*p.size <= sparePerClass
	if keep {
		m.spare[c] = append(m.spare[c], p)
	}
	m.mu.Unlock()
	if !keep {
		m.used.Add(-int64(p.size))
		p.metal.Release()
	}
}

// close gives back what was kept and keeps nothing from now on.
func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for c := range m.spare {
		for _, p := range m.spare[c] {
			m.used.Add(-int64(p.size))
			p.metal.Release()
		}
		m.spare[c] = nil
	}
	if m.resident != nil {
		m.resident.End()
		m.resident.Release()
		m.resident = nil
	}
}
