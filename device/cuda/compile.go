//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

const (
	vendorKernel = "matmul_mps"
	// restKernel computes what the vendor library cannot.
	restKernel = "matmul_mlx"
)

// pipeline is a kernel for a key. Where vendor is set, the vendor library
// computes the products that it can, and functions are for the rest.
type pipeline struct {
	key       kernels.Key
	device    *Device
	functions *functions
	vendor    bool
	launch    kernels.Key // what functions are for
}

func (p *pipeline) Key() kernels.Key { return p.key }

// functions are those of a module.
type functions struct {
	module *driver.Module
	byName map[string]driver.Function
}

// Compile makes the pipeline of a key. Sources are compiled once and kept until
// Close; their machine code is kept on disk as well. It wraps
// device.ErrUnsupported for a kernel that there is no source for or that the
// device lacks; other errors have the compiler's own words.
func (d *Device) Compile(key kernels.Key) (device.Pipeline, error) {
	if err := d.usable("compile"); err != nil {
		return nil, err
	}
	if err := supports(key, d.info.Caps); err != nil {
		return nil, fmt.Errorf("cuda: compile %v: %w", key, err)
	}
	p := &pipeline{key: key, device: d, launch: key}
	if key.Kernel == vendorKernel {
		p.vendor, p.launch.Kernel = true, restKernel
	}
	kernel, err := launch.Compile(p.launch, d.gpu)
	if err == nil {
		p.functions, err = d.module(kernel)
	}
	if err != nil {
		return nil, fmt.Errorf("cuda: compile %v: %w", key, d.explain(err))
	}
	return p, nil
}

// supports returns why the device cannot have a kernel, or nil.
func supports(key kernels.Key, caps kernels.Caps) error {
	row := kernels.Default.Find(key.Kernel)
	switch {
	case row == nil:
		return fmt.Errorf("kernel %q is not in the catalog: %w", key.Kernel, device.ErrUnsupported)
	case row.NeedsVendor && !caps.Vendor:
		return fmt.Errorf("%s: %w", caps.VendorHelp, device.ErrUnsupported)
	case key.Kernel == vendorKernel && !vendorTypes(key):
		return fmt.Errorf("the vendor library takes f32 or f16, not %v, %v, %v: %w", key.A, key.B, key.C, device.ErrUnsupported)
	case key.Threadgroup > caps.MaxThreadgroup:
		return fmt.Errorf("%d threads in a block, the GPU allows %d: %w", key.Threadgroup, caps.MaxThreadgroup, device.ErrUnsupported)
	}
	return nil
}

func vendorTypes(key kernels.Key) bool {
	return key.A == key.B && key.B == key.C && (key.A == tensor.F32 || key.A == tensor.F16)
}

// module compiles a source and loads it, once.
func (d *Device) module(k launch.Kernel) (*functions, error) {
	if !d.context.Hold() { // a device that is closed meanwhile has it until the code is unloaded
		return nil, d.explain(driver.ErrReleased)
	}
	defer func() { _ = d.context.Release() }()
	return d.modules.Get(k, func() (f *functions, err error) {
		source, err := k.Source()
		if err != nil {
			return nil, err
		}
		code, err := d.machineCode(k.File+".cu", source, d.architecture)
		if err != nil {
			return nil, err
		}
		err = d.context.With(func() error {
			return d.memory.retry(func() (err error) {
				f, err = d.load(code, k.Entries())
				return err
			}, onGPU, onHost)
		})
		return f, err
	})
}

func (d *Device) load(code []byte, entries []launch.Entry) (*functions, error) {
	module, err := d.context.LoadModule(code)
	if err != nil {
		return nil, err
	}
	f := &functions{module: module, byName: map[string]driver.Function{}}
	for _, e := range entries {
		if e.Shared > d.gpu.Shared {
			continue // never chosen
		}
		if f.byName[e.Name], err = module.Function(e.Name, e.Shared); err != nil {
			_ = module.Close()
			return nil, fmt.Errorf("function %s: %w", e.Name, err)
		}
	}
	return f, nil
}
