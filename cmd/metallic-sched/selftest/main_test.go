package selftest

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

// With SELFTEST_PART set this test binary is the process of a part.
func TestMain(m *testing.M) {
	part := os.Getenv("SELFTEST_PART")
	if part == "" {
		os.Exit(m.Run())
	}
	s := Setup{Quick: true, Open: openFor(os.Getenv("SELFTEST_DEVICE")), Reference: openCPU}
	if err := Serve(context.Background(), Part(part), s, os.Stdout); err != nil {
		panic(err)
	}
}

func openCPU() (device.Device, error) { return cpu.Open(cpu.Config{Threads: 2, BLAS: blas.None}) }

// openFor opens a device that behaves badly.
func openFor(name string) func() (device.Device, error) {
	return func() (device.Device, error) {
		switch name {
		case "missing":
			return nil, errors.New("there is none in /home/somebody/devices/0")
		case "leaky":
			go func() { select {} }()
		case "crash":
			go func() { panic("the driver crashed") }()
			select {}
		case "hang":
			select {}
		}
		return sim.Open(sim.Config{}), nil
	}
}
