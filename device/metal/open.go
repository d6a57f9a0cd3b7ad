//go:build darwin || linux

package metal

import (
	"fmt"
	"runtime"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Open opens the system's preferred GPU. Without one the error wraps
// device.ErrUnavailable and says what is missing.
func Open(c Config) (device.Device, error) {
	d, err := open(c)
	if err != nil {
		return nil, err // not a Device that is nil
	}
	return d, nil
}

func open(c Config) (*Device, error) {
	paths := c.Libraries
	if paths == (mtl.Paths{}) {
		if runtime.GOOS != "darwin" {
			return nil, unavailable(advice)
		}
		paths = mtl.System()
	}
	api, err := mtl.Load(paths)
	if err != nil {
		return nil, unavailable(err)
	}
	gpu, err := api.DefaultDevice()
	if err != nil {
		return nil, unavailable(err)
	}
	d := &Device{api: api, gpu: gpu, memory: newMemory(gpu)}
	if err := d.start(c.Simulated); err != nil {
		_ = d.Close()
		return nil, unavailable(err)
	}
	return d, nil
}

// start compiles what every queue needs, which also shows that the compiler
// works and how wide SIMD groups are.
func (d *Device) start(simulated bool) (err error) {
	for i, dt := range [...]tensor.DType{tensor.F32, tensor.F16} {
		kernel, err := launch.CopyKernel(dt)
		if err != nil {
			return err
		}
		if d.copies[i], err = d.specialise(kernel); err != nil {
			return err
		}
	}
	if width := d.copies[0].Width; width != simdWidth {
		return fmt.Errorf("%s has SIMD groups of %d threads; the kernels are written for %d", d.gpu.Name, width, simdWidth)
	}
	d.info = infoOf(d.gpu, simulated)
	if d.gpu.ResidencySets {
		if err := d.memory.keepResident(); err != nil { // it works all the same
			d.info.Notes = append(d.info.Notes, fmt.Sprintf("memory is not kept ready for the GPU: %v", err))
		}
	}
	return d.trial()
}

// simdWidth is what the kernels count on.
const simdWidth = 32

func unavailable(why any) error {
	if err, ok := why.(error); ok {
		return fmt.Errorf("metal: %w: %w", device.ErrUnavailable, err)
	}
	return fmt.Errorf("metal: %w: %v", device.ErrUnavailable, why)
}
