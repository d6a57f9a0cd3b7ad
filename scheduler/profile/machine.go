package profile

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	kernels "github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// Machine is what measured times depend on. A profile is of use only where all
// of it is the same.
type Machine struct {
	Backend string `json:"backend"` // cpu, cuda, metal
	Device  string `json:"device"`  // as the hardware calls itself
	// Driver is what the device says of its driver, compilers and libraries, and
	// the cpu device of its instruction set.
	Driver       []string `json:"driver"`
	Threads      int      `json:"threads"` // or compute units
	Processor    string   `json:"processor"`
	Instructions string   `json:"instructions"` // that kernels of the processor use
	System       string   `json:"system"`       // as in linux/amd64
	Program      string   `json:"program"`      // the version of this module
	// What Costs are relative to: see policy.Prior.
	Bandwidth float64       `json:"bandwidth"`
	Flops     float64       `json:"flops"`
	Launch    time.Duration `json:"launch_ns"`
}

// MachineOf describes an open device of this machine, as this program sees it.
func MachineOf(info device.Info) Machine {
	build, _ := debug.ReadBuildInfo()
	return Machine{
		Backend: info.Backend, Device: info.Name, Driver: info.Notes, Threads: info.Threads,
		Processor: cpu.ProcessorName(), Instructions: kernels.Best().String(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Program: versionOf(build),
		Bandwidth: info.Bandwidth, Flops: info.Flops, Launch: info.Launch,
	}
}

const module = "github.com/metallic-sched/metallic-sched"

// versionOf returns the version of this module in a program: its own or that of
// a dependency. A build from a checkout has the commit's, with a mark if files
// were changed; one that go run or go test made has none.
func versionOf(build *debug.BuildInfo) string {
	if build == nil {
		return "(unknown)"
	}
	for _, m := range append([]*debug.Module{&build.Main}, build.Deps...) {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Version != "" {
			return m.Version
		}
	}
	return "(unknown)"
}

// StaleError says that a profile is of another machine, driver or version of
// this program than it was asked to serve.
type StaleError struct {
	Differences []Difference
}

// Difference is one thing that is not as it was.
type Difference struct{ What, Profile, Now string }

func (e *StaleError) Error() string {
	var parts []string
	for _, d := range e.Differences {
		parts = append(parts, fmt.Sprintf("%s was %q and is %q", d.What, d.Profile, d.Now))
	}
	return "profile: it was measured elsewhere: " + strings.Join(parts, "; ") + "; run metallic-sched tune again"
}

// Check returns a *StaleError if p was not measured on m.
func (p *Profile) Check(m Machine) error {
	was := p.Machine
	var found []Difference
	differ := func(what string, same bool, was, now any) {
		if !same {
			found = append(found, Difference{what, fmt.Sprint(was), fmt.Sprint(now)})
		}
	}
	differ("backend", was.Backend == m.Backend, was.Backend, m.Backend)
	differ("device", was.Device == m.Device, was.Device, m.Device)
	differ("driver", slices.Equal(was.Driver, m.Driver), strings.Join(was.Driver, "; "), strings.Join(m.Driver, "; "))
	differ("threads", was.Threads == m.Threads, was.Threads, m.Threads)
	differ("processor", was.Processor == m.Processor, was.Processor, m.Processor)
	differ("instructions", was.Instructions == m.Instructions, was.Instructions, m.Instructions)
	differ("system", was.System == m.System, was.System, m.System)
	differ("program", was.Program == m.Program, was.Program, m.Program)
	differ("prior", was.Bandwidth == m.Bandwidth && was.Flops == m.Flops && was.Launch == m.Launch,
		[]any{was.Bandwidth, was.Flops, was.Launch}, []any{m.Bandwidth, m.Flops, m.Launch})
	if len(found) > 0 {
		return &StaleError{found}
	}
	return nil
}
