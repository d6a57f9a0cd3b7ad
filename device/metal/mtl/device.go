//go:build darwin || linux

package mtl

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// Device is an MTLDevice with what does not change about it.
type Device struct {
	object
	Name           string
	Unified        bool // the processor and the GPU share memory
	ResidencySets  bool // macOS 15
	MPS            bool // Metal Performance Shaders are there and support it
	MaxBuffer      uint // bytes
	MaxWorkingSet  uint // bytes that it keeps at hand without becoming slow
	MaxThreadgroup Size // threads, in each dimension
	// MaxThreadgroupMemory is in bytes.
	MaxThreadgroupMemory uint
}

// ErrNoDevice says that Metal is there but no GPU for it.
var ErrNoDevice = errors.New("mtl: Metal finds no device")

// DefaultDevice returns the system's preferred GPU.
func (a *API) DefaultDevice() (*Device, error) {
	var d *Device
	a.Pool(func() {
		o := a.createDevice() // ours: the function's name has Create
		if o == 0 {
			o = a.firstDevice()
		}
		if o != 0 {
			d = a.describe(o)
		}
	})
	if d == nil {
		return nil, ErrNoDevice
	}
	return d, nil
}

// firstDevice returns the first of all GPUs, or nil. Programs without a display,
// such as those that were started through ssh, may have no preferred one.
func (a *API) firstDevice() objc.ID {
	all := a.copyDevices() // ours: the function's name has Copy
	defer a.release(all)
	o := a.send.id(all, a.sel[selFirstObject])
	return a.send.id(o, a.sel[selRetain])
}

func (a *API) describe(o objc.ID) *Device {
	return &Device{
		object:               object{a, o},
		Name:                 a.text(a.send.id(o, a.sel[selName])),
		Unified:              a.send.bool(o, a.sel[selHasUnifiedMemory]),
		ResidencySets:        a.classes.residencyDescriptor != 0 && a.responds(o, selNewResidencySet),
		MPS:                  a.mpsSupports != nil && a.mpsSupports(o),
		MaxBuffer:            a.send.uint(o, a.sel[selMaxBufferLength]),
		MaxWorkingSet:        a.send.uint(o, a.sel[selRecommendedMaxWorkingSetSize]),
		MaxThreadgroup:       a.send.size(o, a.sel[selMaxThreadsPerThreadgroup]),
		MaxThreadgroupMemory: a.send.uint(o, a.sel[selMaxThreadgroupMemoryLength]),
	}
}

// Family is an MTLGPUFamily.
type Family int

// The families that matter to kernels. A device of one of Apple's belongs to
// those before, too.
const (
	Apple7  Family = 1007 // the M1: reductions and matrices in a SIMD group
	Apple8  Family = 1008 // the M2
	Apple9  Family = 1009 // the M3 and M4
	Apple10 Family = 1010 // the M5
	Mac2    Family = 2002 // reductions in a SIMD group
	Metal3  Family = 5001
)

// Supports says whether the device belongs to a family.
func (d *Device) Supports(f Family) bool {
	return d.api.send.boolInt(d.id, d.api.sel[selSupportsFamily], int(f))
}
