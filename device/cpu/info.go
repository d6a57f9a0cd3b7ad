package cpu

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// Priors for the cost model, for one thread. They are what the portable
// kernels reach on a current server core, rounded down; measurements replace
// them within a few batches.
const (
	priorBandwidth = 10e9 // bytes a second
	priorFlops     = 6e9  // f32 operations a second
	priorLaunch    = 5 * time.Microsecond
)

func describe(threads int) device.Info {
	return device.Info{
		Backend: "cpu",
		Name:    processorName(),
		Caps: kernels.Caps{
			SIMDMatrix:     true, // matmul_simd is there, in portable Go
			SIMDWidth:      1,
			MaxThreadgroup: 1024,
			VendorHelp:     "this build has no BLAS bridge for the cpu device yet; use METALLIC_MATMUL_BACKEND=auto",
		},
		Threads:    threads,
		Memory:     physicalMemory(),
		HostMemory: true,
		QueueDepth: 1,
		Bandwidth:  priorBandwidth * float64(threads),
		Flops:      priorFlops * float64(threads),
		Launch:     priorLaunch,
		Notes:      []string{"kernels: portable Go"},
	}
}

// processorName returns what Linux calls the processor, elsewhere the
// architecture.
func processorName() string {
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
