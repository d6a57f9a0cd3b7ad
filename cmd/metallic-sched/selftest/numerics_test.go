package selftest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

func TestNote(t *testing.T) {
	c := &comparison{}
	require.NoError(t, c.note(Case{Kernel: "a", Types: "f16", Shape: "1x1"}, Measure{OfBound: 0.5}, nil))
	require.NoError(t, c.note(Case{Kernel: "a", Types: "f16", Shape: "2x2", Mask: "causal"}, Measure{OfBound: 2, Got: "1", Want: "2"}, nil))
	require.NoError(t, c.note(Case{Kernel: "a", Types: "f32"}, Measure{}, errors.New("bad")))
	require.ErrorIs(t, c.note(Case{Kernel: "b"}, Measure{}, device.ErrLost), device.ErrLost)
	require.Equal(t, Failed, c.outcome())
	all := Summarise(c.Cases)
	require.Len(t, all, 3)
	require.Equal(t, Summary{
		Kernel: "a", Types: "f16", Outcome: Failed, Cases: 2, Failed: 1, Shape: "2x2 causal",
		Measure: Measure{OfBound: 2, Got: "1", Want: "2"}, Why: "2x2 causal: element [0 0] is 1; want 2: 2 times the bound",
	}, *all[0])
	require.Equal(t, "bad", all[1].Why)
	require.Equal(t, NotTested, (&Numerics{}).outcome())
	require.Equal(t, Passed, (&Numerics{Cases: c.Cases[:1]}).outcome())
}
