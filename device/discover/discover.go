// Package discover opens what this machine has. It is the only importer of
// all device backends.
package discover

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/device/cuda"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

// Auto is the name of the best device found.
const Auto = "auto"

// Config says what devices are opened with. The zero Config is ready to use.
type Config struct {
	// BLAS is the cpu device's library for the mps family: a file name or
	// path, or "none". "" means the first that is found of the usual ones. One
	// that is named and cannot be used is a *blas.LibraryError.
	BLAS string
	// Metal is the library of the metal device: "" for that of macOS, or
	// Simulated.
	Metal string
}

// CheckCPU returns why the cpu device cannot be opened, before it is needed.
func (c Config) CheckCPU() error { return blas.Check(c.BLAS) }

// Simulated is a Metal that runs shaders on the processor, for tests: it gives
// results, at about a thousandth of a GPU's speed. It is compiled with clang on
// first use, and is there on Linux only.
const Simulated = "simulated"

// backend is one kind of device. open takes the number of one and wraps
// device.ErrUnavailable, with what is missing, when the machine has none.
type backend struct {
	name  string
	auto  bool // Auto may choose it
	open  func(Config, int) (device.Device, error)
	count func() (int, error) // how many there are
}

// backends are in the order in which Auto prefers them.
var backends = []backend{
	{"metal", true, only(openMetal), one},
	{"cuda", true, openCUDA, cuda.Count},
	{"cpu", true, only(func(c Config) (device.Device, error) { return cpu.Open(cpu.Config{BLAS: c.BLAS}) }), one},
	{"sim", false, func(Config, int) (device.Device, error) { return sim.Open(sim.Config{}), nil }, one},
}

func one() (int, error) { return 1, nil }

// only is for kinds of which there is one.
func only(open func(Config) (device.Device, error)) func(Config, int) (device.Device, error) {
	return func(c Config, number int) (device.Device, error) {
		if number != 0 {
			return nil, fmt.Errorf("%w: no number %d: there is one", device.ErrUnavailable, number)
		}
		return open(c)
	}
}

func missing(what string) func(Config, int) (device.Device, error) {
	return func(Config, int) (device.Device, error) {
		return nil, fmt.Errorf("%w: %s", device.ErrUnavailable, what)
	}
}

// Names lists the kinds that Open accepts.
func Names() []string {
	names := []string{Auto}
	for _, b := range backends {
		names = append(names, b.name)
	}
	return names
}

// Open opens the device of the given name: a kind, or one of the kind by its
// number (cuda:1), 0 being the first. Of simulated devices each number is
// another. A device that this machine lacks
// is an error that wraps device.ErrUnavailable and says what is missing and
// what there is instead.
func Open(name string, c Config) (device.Device, error) {
	kind, number, err := parse(name)
	switch {
	case err != nil:
		return nil, err
	case kind == Auto:
		return openBest(c)
	}
	d, err := backends[indexOf(kind)].open(c, number)
	switch {
	case err == nil:
		return d, nil
	case wrongLibrary(err): // another device is no help
		return nil, fmt.Errorf("device %s: %w", name, err)
	}
	return nil, fmt.Errorf("device %s: %w; available: %s", name, err, strings.Join(available(c), ", "))
}

func openBest(c Config) (device.Device, error) {
	var tried []string
	for _, b := range backends {
		if !b.auto || (b.name == "metal" && c.Metal == Simulated) { // that must be asked for
			continue
		}
		d, err := b.open(c, 0)
		switch {
		case err == nil:
			return d, nil
		case wrongLibrary(err):
			return nil, err
		}
		tried = append(tried, fmt.Sprintf("%s: %v", b.name, err))
	}
	return nil, fmt.Errorf("%w: %s", device.ErrUnavailable, strings.Join(tried, "; "))
}

// wrongLibrary reports that a library was named, by the Config or the environment,
// and cannot be used.
func wrongLibrary(err error) bool {
	var cpus *blas.LibraryError
	var gpus *driver.LibraryError
	return errors.As(err, &cpus) || errors.As(err, &gpus)
}

func available(c Config) []string {
	var names []string
	for _, e := range List(c) {
		if e.Available && !slices.Contains(names, e.Backend) {
			names = append(names, e.Backend)
		}
	}
	return names
}

// Entry is a device that this machine has or could have.
type Entry struct {
	device.Info        // of an unavailable device only Backend
	Device      string // what Open calls it: by its number if there are several of the kind
	Available   bool   // Open gives it
	Err         error  // why not
}

// List describes every device, kind by kind in the order in which Auto prefers
// them, and what kinds there are none of. It opens and closes each.
func List(c Config) []Entry {
	var entries []Entry
	for _, b := range backends {
		n, err := b.count()
		if err != nil || n < 2 {
			entries = append(entries, describe(b, c, b.name, 0))
			continue
		}
		for number := range n {
			entries = append(entries, describe(b, c, fmt.Sprintf("%s:%d", b.name, number), number))
		}
	}
	return entries
}

func describe(b backend, c Config, name string, number int) Entry {
	d, err := b.open(c, number)
	if err != nil {
		return Entry{Info: device.Info{Backend: b.name}, Device: name, Err: err}
	}
	info := d.Info()
	if err := d.Close(); err != nil {
		return Entry{Info: info, Device: name, Err: err}
	}
	return Entry{Info: info, Device: name, Available: true}
}
