// Package devicetest is the conformance suite of the seam: what every device
// must do, whatever it is made of.
package devicetest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// Suite says what to test and what to expect.
type Suite struct {
	// Open opens the device. The suite closes it.
	Open func(t testing.TB) device.Device
	// ComputesNothing leaves out what looks at results, for devices that only
	// pretend. The test log says so.
	ComputesNothing bool
	// FlushesSubnormals says that float32 subnormals count as 0.
	FlushesSubnormals bool
	// Catalog holds the rows that may compile; nil means kernels.Default.
	Catalog kernels.Catalog
}

// Exercise runs the whole suite on the devices that open returns.
func Exercise(t *testing.T, open func(t testing.TB) device.Device) {
	Suite{Open: open}.Run(t)
}

// Run runs the suite. It must not run in parallel with other tests: it looks
// for goroutines that are left over.
func (s Suite) Run(t *testing.T) {
	before := goleak.IgnoreCurrent()
	if s.Catalog == nil {
		s.Catalog = kernels.Default
	}
	for _, test := range []struct {
		name    string
		run     func(*testing.T, *bench)
		results bool // looks at results
	}{
		{"info", testInfo, false},
		{"alloc", testAlloc, false},
		{"out of memory", testOutOfMemory, false},
		{"compile", testCompile, false},
		{"compile while running", testCompileWhileRunning, false},
		{"done once, in order", testDone, false},
		{"begun", testBegun, false},
		{"profile", testProfile, false},
		{"close", testClose, false},
		{"copies", testCopies, true},
		{"order of stages and batches", testOrder, true},
		{"queues side by side", testQueues, true},
		{"chain", testChain, true},
		{"failure", testFailure, true},
		{"kernels", testKernels, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.results && s.ComputesNothing {
				t.Logf("NOT TESTED: %s: the device computes nothing", test.name)
				return
			}
			test.run(t, newBench(t, &s))
		})
	}
	require.NoError(t, goleak.Find(before), "goroutines are left over after Close")
}
