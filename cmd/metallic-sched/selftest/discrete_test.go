package selftest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

// discrete is the cpu device behind memory like a GPU's: the host cannot
// address it, and kernels do not read the host's.
type discrete struct{ device.Device }

func (d discrete) Info() device.Info {
	info := d.Device.Info()
	info.Backend = "discrete"
	return info
}

func openDiscrete() (device.Device, error) {
	d, err := openCPU()
	if err != nil {
		return nil, err
	}
	return discrete{sim.Open(sim.Config{Inner: d, Discrete: true, Caps: d.Info().Caps})}, nil
}

// The parts work on memory that the host cannot address.
func TestDiscreteMemory(t *testing.T) {
	s := Setup{Open: openDiscrete, Reference: openCPU, Quick: true, tell: func(string, ...any) {}}
	n, err := s.run(t.Context(), PartNumerics)
	require.NoError(t, err)
	require.Equal(t, Passed, n.(*Numerics).outcome(), "%v", n)
	require.Len(t, Summarise(n.(*Numerics).Cases), 8*7+4*3)
	require.Equal(t, []string{"matmul_mps"}, []string{n.(*Numerics).Untested[0][:10]})
	b, err := s.run(t.Context(), PartBenchmark)
	require.NoError(t, err)
	require.Equal(t, Passed, b.(*Benchmark).outcome(), "%v", b)
	c, err := s.run(t.Context(), PartScheduler)
	require.NoError(t, err)
	require.Equal(t, Passed, c.(*Crowd).outcome(), "%v", c)
}

// An interrupt ends a part early, with what it has found.
func TestInterruptedParts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := Setup{Open: openDiscrete, Reference: openCPU, tell: func(string, ...any) {}}
	for _, p := range []Part{PartNumerics, PartBenchmark, PartScheduler} {
		result, err := s.run(ctx, p)
		require.ErrorIs(t, err, context.Canceled, p)
		require.NotNil(t, result)
	}
	_, err := s.run(ctx, "nonsense")
	require.ErrorContains(t, err, `part "nonsense" is not known`)
}
