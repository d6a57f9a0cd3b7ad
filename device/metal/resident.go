//go:build darwin || linux

package metal

import "github.com/metallic-sched/metallic-sched/device/metal/mtl"

// keepResident makes large buffers stay ready for the GPU while nothing uses
// them: weights wait for the next batch.
func (m *memory) keepResident() error {
	set, err := m.gpu.NewResidencySet()
	if err != nil {
		return err
	}
	m.resident = &set
	return nil
}

// keep adds a buffer to those that stay, or takes it from them. It must not be
// released before.
func (m *memory) keep(b mtl.Buffer, stay bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resident == nil {
		return
	}
	if !stay {
		m.resident.Remove(b)
		m.resident.Commit()
		return
	}
	m.resident.Add(b)
	m.resident.Commit()
	m.resident.Request()
}

// attach lets a queue use what stays.
func (m *memory) attach(q mtl.Queue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resident != nil {
		q.Attach(*m.resident)
	}
}

// detach undoes attach.
func (m *memory) detach(q mtl.Queue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resident != nil {
		q.Detach(*m.resident)
	}
}
