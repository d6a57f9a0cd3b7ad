package cpu

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// Priors for the cost model, for one thread. They are what the kernels reach on
// a current server core, rounded down; measurements replace them within a few
// batches.
var (
	priorBandwidth = [...]float64{cpu.Portable: 10e9, cpu.AVX2: 20e9, cpu.AVX512: 20e9}[cpu.Best()] // bytes a second
	priorFlops     = [...]float64{cpu.Portable: 6e9, cpu.AVX2: 50e9, cpu.AVX512: 100e9}[cpu.Best()] // f32 operations a second
)

const priorLaunch = 5 * time.Microsecond

// scratchBytes of one thread about stay in its second-level cache, and are
// enough for packed operands to be worth packing: 256 rows of 2048 scores.
const scratchBytes = 33 << 16

// describeDevice describes the processor, and the BLAS that was found or why
// there is none.
func describeDevice(threads int, library *blas.Library, missing error) device.Info {
	info := device.Info{
		Backend: "cpu",
		Name:    ProcessorName(),
		Caps: kernels.Caps{
			SIMDMatrix:     true, // matmul_simd is there, if need be in portable Go
			SIMDWidth:      1,
			MaxThreadgroup: 1024,
			Scratch:        scratchBytes * threads,
		},
		Threads:    threads,
		Memory:     physicalMemory(),
		HostMemory: true,
		QueueDepth: 1,
		Bandwidth:  priorBandwidth * float64(threads),
		Flops:      priorFlops * float64(threads),
		Launch:     priorLaunch,
		Notes:      []string{"kernels: " + cpu.Best().String()},
	}
	if library == nil {
		info.Caps.VendorHelp = missing.Error()
		return info
	}
	info.Caps.Vendor = true
	info.Notes = append(info.Notes, vendorNote(library, threads))
	return info
}

func vendorNote(library *blas.Library, threads int) string {
	if !library.SetsThreads() {
		return fmt.Sprintf("mps: %v, on threads of its own choice", library)
	}
	return fmt.Sprintf("mps: %v, %d threads", library, threads)
}

// ProcessorName returns what Linux calls the processor, elsewhere the
// architecture.
func ProcessorName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	return modelName(text)
}

func modelName(cpuinfo []byte) string {
	for lines := bufio.NewScanner(bytes.NewReader(cpuinfo)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if value = strings.TrimSpace(value); strings.TrimSpace(key) == "model name" && value != "" {
			return value
		}
	}
	return runtime.GOARCH
}
