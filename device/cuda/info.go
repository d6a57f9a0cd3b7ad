//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// Priors for the cost model, until batches were measured: parts of what the
// GPU's clocks allow, and a guess.
const (
	bandwidthShare  = 0.8
	flopsShare      = 0.7
	flopsPerCore    = 2   // a multiply-add
	coresPerProc    = 128 // of GPUs with compute capability 8.6 to 9.0
	priorLaunch     = 20 * time.Microsecond
	queueDepth      = 3
	transfersPerClk = 2 // memory moves data on both edges
)

func infoOf(d *Device, known driver.Version, missing error) device.Info {
	c := d.context
	kHz := func(a driver.Attribute) float64 { return 1e3 * float64(c.Attribute(a)) }
	processors := c.Attribute(driver.Multiprocessors)
	info := device.Info{
		Backend: "cuda",
		Name:    c.Name,
		Caps: kernels.Caps{
			SIMDMatrix:     true,
			SIMDReduction:  true,
			SIMDWidth:      c.Attribute(driver.WarpSize),
			MaxThreadgroup: c.Attribute(driver.MaxThreads),
			Vendor:         missing == nil,
		},
		Threads:    processors,
		Memory:     c.Memory,
		QueueDepth: queueDepth,
		Begins:     true,
		Bandwidth:  max(1e10, bandwidthShare*kHz(driver.MemoryClockRate)*transfersPerClk*float64(c.Attribute(driver.MemoryBusWidth))/8),
		Flops:      max(1e11, flopsShare*kHz(driver.ClockRate)*flopsPerCore*coresPerProc*float64(processors)),
		Launch:     priorLaunch,
	}
	info.Notes = []string{
		fmt.Sprintf("%s, %d multiprocessors, driver for CUDA %v", d.architecture, processors, known),
		fmt.Sprintf("compiler: NVRTC %v, %s", d.compiler.Version, d.compiler.Path()),
	}
	if missing != nil {
		info.Caps.VendorHelp = missing.Error() + "; it is part of the CUDA toolkit (package libcublas) and of pip's nvidia-cublas; METALLIC_CUDA_CUBLAS names the file"
		return info
	}
	info.Notes = append(info.Notes, fmt.Sprintf("vendor library: cuBLAS %v, %s", d.blas.Version, d.blas.Path()))
	return info
}
