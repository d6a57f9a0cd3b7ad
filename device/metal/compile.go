//go:build darwin || linux

package metal

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

const (
	vendorKernel = "matmul_mps"
	// restKernel computes what the vendor library cannot.
	restKernel = "matmul_mlx"
)

// pipeline is a kernel for a key. Where vendor is set, the vendor library
// computes the products that it can, and state is for the rest.
type pipeline struct {
	key    kernels.Key
	device *Device
	state  *mtl.Pipeline
	vendor bool
	launch kernels.Key // what state was compiled for
}

func (p *pipeline) Key() kernels.Key { return p.key }

// Compile makes the pipeline of a key. Sources and functions are compiled once
// and kept until Close. It wraps device.ErrUnsupported for a kernel that there
// is no shader for or that the GPU lacks; other errors have Metal's own words.
func (d *Device) Compile(key kernels.Key) (device.Pipeline, error) {
	if err := d.usable("compile"); err != nil {
		return nil, err
	}
	if err := supports(key, d.info.Caps); err != nil {
		return nil, fmt.Errorf("metal: compile %v: %w", key, err)
	}
	p := &pipeline{key: key, device: d, launch: key}
	if key.Kernel == vendorKernel {
		p.vendor, p.launch.Kernel = true, restKernel
	}
	kernel, err := launch.Compile(p.launch)
	if err != nil {
		return nil, fmt.Errorf("metal: compile %v: %w", key, err)
	}
	if p.state, err = d.specialise(kernel); err != nil {
		return nil, fmt.Errorf("metal: compile %v: %w", key, err)
	}
	if err := fits(p.state, key); err != nil {
		return nil, fmt.Errorf("metal: compile %v: %w", key, err)
	}
	return p, nil
}

// supports returns why the GPU cannot have a kernel, or nil.
func supports(key kernels.Key, caps kernels.Caps) error {
	row := kernels.Default.Find(key.Kernel)
	switch {
	case row == nil:
		return fmt.Errorf("kernel %q is not in the catalog: %w", key.Kernel, device.ErrUnsupported)
	case row.NeedsSIMDMatrix && !caps.SIMDMatrix:
		return fmt.Errorf("the GPU has no SIMD matrix multiply: %w", device.ErrUnsupported)
	case row.NeedsVendor && !caps.Vendor:
		return fmt.Errorf("%s: %w", caps.VendorHelp, device.ErrUnsupported)
	case key.Kernel == vendorKernel && !vendorTypes(key):
		return fmt.Errorf("the vendor library takes f32 or f16, not %v, %v, %v: %w", key.A, key.B, key.C, device.ErrUnsupported)
	}
	return nil
}

func vendorTypes(key kernels.Key) bool {
	return key.A == key.B && key.B == key.C && (key.A == tensor.F32 || key.A == tensor.F16)
}

// fits returns why a pipeline cannot be started as its key says, or nil.
func fits(state *mtl.Pipeline, key kernels.Key) error {
	if key.Threadgroup > state.MaxThreads {
		return fmt.Errorf("%d threads in a threadgroup, the GPU allows this kernel %d: %w", key.Threadgroup, state.MaxThreads, device.ErrUnsupported)
	}
	if state.Width != simdWidth {
		return fmt.Errorf("SIMD groups of %d threads instead of %d: %w", state.Width, simdWidth, device.ErrUnsupported)
	}
	return nil
}

// specialisation names a pipeline state.
type specialisation struct{ source, entry, constants string }

// specialise compiles a source and specialises its function, each once.
func (d *Device) specialise(k launch.Kernel) (*mtl.Pipeline, error) {
	name := specialisation{k.Source, k.Entry, fmt.Sprint(k.Constants)}
	return d.pipelines.Get(name, func() (*mtl.Pipeline, error) {
		library, err := d.libraries.Get(k.Source, func() (mtl.Library, error) { return d.gpu.NewLibrary(k.Source) })
		if err != nil {
			return nil, err
		}
		return d.gpu.NewPipeline(library, k.Entry, constants(k.Constants))
	})
}

func constants(all []launch.Constant) []mtl.Constant {
	values := make([]mtl.Constant, 0, len(all))
	for _, c := range all {
		v := mtl.Constant{Index: c.Index, Value: c.Value}
		if c.Type == launch.Bool {
			v.Value = c.Value != 0
		}
		values = append(values, v)
	}
	return values
}
