//go:build darwin || linux

package metal

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/device/metal/objc"
)

// simulated is the simulated Metal with a device that a test opened on it.
type simulated struct {
	*testing.T
	*metalsim.Simulator
	device *Device
}

// simulator returns the simulated Metal in its first state. When the test ends
// as many of its objects and of our blocks have to be alive as before, and no
// rule to have been broken. Without a compiler for it the test is skipped, or
// fails if REQUIRE_CLANG is set.
func simulator(t testing.TB) *metalsim.Simulator {
	s, err := metalsim.Load(context.Background())
	if err != nil {
		if os.Getenv("REQUIRE_CLANG") != "" {
			t.Fatalf("REQUIRE_CLANG is set: %v", err)
		}
		t.Skipf("NOT TESTED: %v; apt-get install clang-19", err)
	}
	s.Heal()
	s.SetMachine(metalsim.DefaultMachine())
	s.SetSchedule(metalsim.Forward)
	s.Violations()
	before, blocks := s.Live(), objc.PendingBlocks()
	t.Cleanup(func() {
		s.Heal()
		require.Empty(t, s.Violations())
		require.Equal(t, before, s.Live(), "objects are left")
		require.Equal(t, blocks, objc.PendingBlocks(), "blocks are left")
	})
	return s
}

func config(s *metalsim.Simulator) Config {
	return Config{Libraries: mtl.One(s.Path()), Simulated: true}
}

// openSimulated opens a device on the simulated Metal; change may change the
// machine before. The test's end closes it.
func openSimulated(t *testing.T, change func(*metalsim.Machine)) *simulated {
	s := simulator(t)
	if change != nil {
		m := metalsim.DefaultMachine()
		change(&m)
		s.SetMachine(m)
	}
	d, err := open(config(s))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return &simulated{t, s, d}
}
