package selftest

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
)

// rootTest is the test that the suite runs in.
const rootTest = "device"

// serveConformance runs the suite as go test would, with its output on
// os.Stdout, and ends the process. Runner reads the output with transcript.
func serveConformance(s Setup) {
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.v=test2json", "-test.timeout=0", "-test.count=1"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: rootTest, F: s.conformance}}, nil, nil)
}

// conformance runs the suite in a test.
func (s Setup) conformance(t *testing.T) {
	suite := devicetest.Suite{Open: func(t testing.TB) device.Device {
		d, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}}
	d := suite.Open(t)
	info := d.Info()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	suite.ComputesNothing, suite.FlushesSubnormals = pretends(info), flushes(info)
	suite.Run(t)
}
