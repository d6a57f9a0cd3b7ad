//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Open opens a GPU. It wraps device.ErrUnavailable, and says what is missing,
// where there is no driver, no GPU that the kernels run on, or no NVRTC. Without
// cuBLAS the device is there and its Info says how to get the vendor library. A
// library that the environment names and that cannot be used is a
// *driver.LibraryError, whatever else there is.
//
// Where a kernel went wrong earlier in this process the error wraps device.ErrBroken,
// too: the driver gives such a process no context any more.
func Open(c Config) (device.Device, error) {
	d, err := open(c)
	if err != nil {
		return nil, unavailable(err)
	}
	return d, nil
}

// unavailable wraps why there is no GPU. A library that was named is a mistake, for
// which another device is no help.
func unavailable(err error) error {
	if named := (*driver.LibraryError)(nil); errors.As(err, &named) {
		return fmt.Errorf("cuda: %w", err)
	}
	if e := (*driver.Error)(nil); errors.As(err, &e) && e.Code.Breaks() {
		return fmt.Errorf("cuda: %w: %w: %w", device.ErrUnavailable, device.ErrBroken, err)
	}
	return fmt.Errorf("cuda: %w: %w", device.ErrUnavailable, err)
}

func open(c Config) (*Device, error) {
	api, err := driver.Load()
	if err != nil {
		return nil, err
	}
	return openWith(api, c)
}

func openWith(api *driver.API, c Config) (*Device, error) {
	count, err := api.Count()
	if err != nil {
		return nil, err
	}
	if c.GPU < 0 || c.GPU >= count {
		return nil, fmt.Errorf("no GPU number %d: the driver has %d", c.GPU, count)
	}
	known, err := api.Version()
	if err != nil {
		return nil, err
	}
	compiler, err := driver.LoadCompiler(known)
	if named := (*driver.LibraryError)(nil); err != nil && !errors.As(err, &named) {
		err = fmt.Errorf("%w; it is part of the CUDA toolkit (package cuda-nvrtc) and of pip's nvidia-cuda-nvrtc; METALLIC_CUDA_NVRTC names the file", err)
	}
	if err != nil {
		return nil, err
	}
	context, err := api.Open(c.GPU)
	if err != nil {
		return nil, err
	}
	d := &Device{context: context, compiler: compiler, memory: newMemory(context)}
	if directory := cacheDirectory(); directory != "" {
		sweep(directory, time.Now())
	}
	if err := d.start(known, c.portable); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// start looks at the GPU and compiles what every queue needs, which also shows
// that the compiler works. portable does without kernels for one architecture.
func (d *Device) start(known driver.Version, portable bool) error {
	major, minor := d.context.Attribute(driver.ComputeMajor), d.context.Attribute(driver.ComputeMinor)
	if major < 8 {
		return fmt.Errorf("%s has compute capability %d.%d; the kernels need 8.0", d.context.Name, major, minor)
	}
	target := targetOf(major, minor, func() error { return d.hopper(portable) })
	d.architecture = target.architecture
	d.gpu = launch.GPU{
		Shared:     d.context.Attribute(driver.MaxShared),
		Processors: d.context.Attribute(driver.Multiprocessors),
		Hopper:     target.hopper,
	}
	blas, missing := driver.LoadBLAS(known)
	if named := (*driver.LibraryError)(nil); errors.As(missing, &named) {
		return missing
	}
	d.blas = blas
	d.info = infoOf(d, known, missing)
	if d.info.Caps.Fallback = target.note; target.note != "" {
		d.info.Notes = append(d.info.Notes, target.note)
	}
	for i, dt := range [...]tensor.DType{tensor.F32, tensor.F16} {
		functions, err := d.module(launch.CopyKernel(dt))
		if err != nil {
			return d.cannotCompile(err, known)
		}
		d.copies[i] = functions
	}
	return nil
}

// cannotCompile says why nothing can be compiled and loaded: because of NVRTC, unless
// the GPU has no memory, or fails.
func (d *Device) cannotCompile(err error, known driver.Version) error {
	if err = d.explain(err); errors.Is(err, device.ErrOutOfMemory) || errors.Is(err, device.ErrLost) {
		return err
	}
	return d.compiler.Unfit(errors.Join(err, d.compiler.TooNew(known)))
}
