//go:build darwin || linux

package metal

import (
	"fmt"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// speed is a prior for the cost model.
type speed struct{ bandwidth, flops float64 }

// speeds are guesses: nothing here was measured. Bandwidths are about 80 % of
// what the makers say, operations about 70 %. Measurements replace them within
// a few batches.
var speeds = map[string]speed{
	"Apple M1":       {54e9, 1.8e12},
	"Apple M1 Pro":   {160e9, 3.6e12},
	"Apple M1 Max":   {320e9, 7.3e12},
	"Apple M1 Ultra": {640e9, 14e12},
	"Apple M2":       {80e9, 2.5e12},
	"Apple M2 Pro":   {160e9, 4.7e12},
	"Apple M2 Max":   {320e9, 9.4e12},
	"Apple M2 Ultra": {640e9, 19e12},
	"Apple M3":       {80e9, 2.5e12},
	"Apple M3 Pro":   {120e9, 4.5e12},
	"Apple M3 Max":   {240e9, 9.9e12},
	"Apple M3 Ultra": {650e9, 19e12},
	"Apple M4":       {96e9, 3e12},
	"Apple M4 Pro":   {218e9, 6.4e12},
	"Apple M4 Max":   {328e9, 11e12},
}

var (
	unknownSpeed   = speed{54e9, 1.8e12} // the least of them
	simulatedSpeed = speed{1e9, 1e9}     // one thread of a processor that plays GPU
)

// priorLaunch is a guess, too: from Commit to the completion handler of a
// command buffer with next to nothing in it.
const priorLaunch = 100 * time.Microsecond

// maxThreadgroup is the most threads of any kernel of ours.
const maxThreadgroup = 1024

func infoOf(gpu *mtl.Device, simulated bool) device.Info {
	families, names := familiesOf(gpu)
	s, guess := speedOf(gpu.Name, simulated)
	info := device.Info{
		Backend: "metal",
		Name:    gpu.Name,
		Caps: kernels.Caps{
			SIMDMatrix:     families[mtl.Apple7],
			SIMDReduction:  families[mtl.Apple7] || families[mtl.Mac2],
			SIMDWidth:      simdWidth,
			MaxThreadgroup: min(maxThreadgroup, int(gpu.MaxThreadgroup.Width)),
			Vendor:         gpu.MPS,
		},
		Threads:    1, // Metal does not tell how many cores there are
		Memory:     int64(gpu.MaxWorkingSet),
		QueueDepth: 2,
		Bandwidth:  s.bandwidth,
		Flops:      s.flops,
		Launch:     priorLaunch,
		Notes:      []string{"families: " + names, guess},
	}
	if !gpu.MPS {
		info.Caps.VendorHelp = "Metal Performance Shaders do not support this GPU"
	}
	if !gpu.Unified {
		info.Notes = append(info.Notes, "the GPU has memory of its own, but buffers are in the processor's: slow")
	}
	if simulated {
		info.Notes = append(info.Notes, "simulated: results only, no speed")
	}
	return info
}

// familiesOf returns the families that a GPU belongs to, and their names.
func familiesOf(gpu *mtl.Device) (of map[mtl.Family]bool, names string) {
	of = map[mtl.Family]bool{}
	var found []string
	for _, f := range []struct {
		family mtl.Family
		name   string
	}{
		{mtl.Apple7, "Apple7"},
		{mtl.Apple8, "Apple8"},
		{mtl.Apple9, "Apple9"},
		{mtl.Apple10, "Apple10"},
		{mtl.Mac2, "Mac2"},
		{mtl.Metal3, "Metal3"},
	} {
		if gpu.Supports(f.family) {
			of[f.family] = true
			found = append(found, f.name)
		}
	}
	if len(found) == 0 {
		return of, "none that this program knows"
	}
	return of, strings.Join(found, ", ")
}

// speedOf returns priors, and words for where they come from.
func speedOf(name string, simulated bool) (s speed, guess string) {
	if simulated {
		return simulatedSpeed, "speed: a guess for a simulation"
	}
	if s, ok := speeds[name]; ok {
		return s, fmt.Sprintf("speed: a guess from the name %q until it is measured", name)
	}
	return unknownSpeed, fmt.Sprintf("speed: a guess, %q is not known, until it is measured", name)
}
