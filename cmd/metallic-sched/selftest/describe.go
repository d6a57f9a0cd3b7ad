package selftest

import (
	"errors"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
)

// Device is what a device says of itself.
type Device struct {
	Backend        string   `json:"backend"`
	Name           string   `json:"name"`
	Threads        int      `json:"threads"`
	Memory         int64    `json:"memory_bytes"`
	HostMemory     bool     `json:"host_memory"`
	QueueDepth     int      `json:"queue_depth"`
	SIMDMatrix     bool     `json:"simd_matrix"`
	SIMDReduction  bool     `json:"simd_reduction"`
	SIMDWidth      int      `json:"simd_width"`
	MaxThreadgroup int      `json:"max_threadgroup"`
	Vendor         bool     `json:"vendor"`
	VendorHelp     string   `json:"vendor_help,omitempty"`
	Notes          []string `json:"notes,omitempty"`
	// What the cost model assumes before it has measured.
	Bandwidth float64       `json:"prior_bytes_per_s"`
	Flops     float64       `json:"prior_flops"`
	Launch    time.Duration `json:"prior_launch_ns"`
}

func describe(i device.Info) *Device {
	return &Device{
		Backend: i.Backend, Name: i.Name, Threads: i.Threads, Memory: i.Memory,
		HostMemory: i.HostMemory, QueueDepth: i.QueueDepth,
		SIMDMatrix: i.Caps.SIMDMatrix, SIMDReduction: i.Caps.SIMDReduction, SIMDWidth: i.Caps.SIMDWidth,
		MaxThreadgroup: i.Caps.MaxThreadgroup, Vendor: i.Caps.Vendor, VendorHelp: i.Caps.VendorHelp,
		Notes: i.Notes, Bandwidth: i.Bandwidth, Flops: i.Flops, Launch: i.Launch,
	}
}

// describe opens and closes the device.
func (s Setup) describe() (any, error) {
	d, err := s.Open()
	if err != nil {
		return nil, err
	}
	info := describe(d.Info())
	return info, d.Close()
}

// pretends reports that a device computes nothing.
func pretends(i device.Info) bool { return i.Backend == "sim" }

// pretence says what that means for a part.
const pretence = "the sim device computes nothing and takes a time that was set"

// flushes reports whether a device may take float32 subnormals for 0. Apple's
// shading language leaves that to the GPU.
func flushes(i device.Info) bool { return i.Backend == "metal" }

// join returns the first result with all errors.
func join[T any](result T, errs ...error) (T, error) { return result, errors.Join(errs...) }
