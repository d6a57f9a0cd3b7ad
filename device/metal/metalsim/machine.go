//go:build darwin || linux

package metalsim

import "structs"

// Machine is the simulated Mac. Set it before the driver asks for its device.
type Machine struct {
	_ structs.HostLayout
	// AppleFamily is the newest MTLGPUFamilyApple that it supports: 7 is the M1.
	AppleFamily uint64
	// MacOS is the major version: 15 brings residency sets and setMathMode:, 14
	// the architecture.
	MacOS uint64
	// Memory is the recommended working set in bytes. Buffers beyond twice of
	// it cannot be had.
	Memory uint64
	// MaxBuffer is the largest length of a buffer in bytes.
	MaxBuffer uint64
	// MaxThreads is the largest threadgroup of every pipeline. 1024 is what the
	// hardware can; kernels that need many registers get fewer.
	MaxThreads uint64
	// ThreadgroupMemory is the limit for one threadgroup in bytes.
	ThreadgroupMemory uint64
	// BufferShift is how many bytes behind a page the buffers start that Metal
	// allocates, a multiple of 16: it packs small ones.
	BufferShift uint64
}

// DefaultMachine is what is simulated unless told otherwise.
func DefaultMachine() Machine {
	return Machine{AppleFamily: 9, MacOS: 15, Memory: 8 << 30, MaxBuffer: 4 << 30, MaxThreads: 1024, ThreadgroupMemory: 32 << 10}
}

// SetMachine changes the machine.
func (s *Simulator) SetMachine(m Machine) { s.c.setMachine(&m) }

// Schedule is the order in which the threads of a threadgroup take turns. A
// kernel that lacks a barrier gives another result under each.
type Schedule uint64

// The schedules, beside Random.
const (
	Forward Schedule = 0
	Reverse Schedule = 1
)

// Random is a schedule that looks random, and is the same for the same seed.
func Random(seed uint32) Schedule { return 2 | Schedule(seed)<<32 }

// SetSchedule chooses the schedule of the dispatches that follow.
func (s *Simulator) SetSchedule(order Schedule) { s.c.setSchedule(uint64(order)) }
