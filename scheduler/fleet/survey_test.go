package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// full is a fleet of a device with room for a number, and a number there.
func full(t *testing.T) (*Fleet, *Operand) {
	t.Helper()
	ctx := context.Background()
	f, err := Open(ctx, Config{OperandBytes: 4, HostBytes: 8, Devices: []Device{{Name: "a", Device: sim.Open(sim.Config{})}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close(ctx)) })
	o, err := f.Load(tensor.Matrix([]float32{1}, 1, 1))
	require.NoError(t, err)
	return f, o
}

// A device has no place for a job beside the others of its group, if what they need
// cannot be there together: be it that what this one needs is, as theirs was taken
// away again.
func TestSurveyBesideAGroup(t *testing.T) {
	f, o := full(t)
	m := f.members[0]
	q := &question{operands: []*Operand{o}, versions: []*version{o.current}, avoid: []bool{false}, group: f.newGroup()}
	site := f.survey(q, m, time.Now())
	require.True(t, site.Up && site.Missing == 0)
	q.group.keep(q, m)
	q.group.keep(q, m)
	require.EqualValues(t, 4, q.group.each[0], "counted once")
	site = f.survey(q, m, time.Now())
	require.Zero(t, site.Missing, "it needs the same")

	q.group = f.newGroup()
	q.group.each[0] = 4
	site = f.survey(q, m, time.Now())
	require.Equal(t, policy.PlaceNowhere, policy.Place([]policy.Site{site}, 0, f.tuning).Reason)
}
