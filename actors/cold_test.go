package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

// Batches of one lane that wait for kernels come back in the order they were
// set aside in, whichever kernel is there first; those of others do not wait.
func TestThaw(t *testing.T) {
	lane, other := &lane{}, &lane{}
	d := &desk{engine: &Engine{}}
	first, second, third, elsewhere := &Batch{lane: lane}, &Batch{lane: lane}, &Batch{lane: lane}, &Batch{lane: other}
	for _, b := range []*Batch{first, second, elsewhere, third} {
		d.setAside(b)
	}
	require.Equal(t, 3, lane.cold)

	d.revive(second)
	require.Empty(t, d.retries, "the second waits for the first")
	d.revive(elsewhere)
	require.Equal(t, []*Batch{elsewhere}, d.retries)
	d.revive(first)
	require.Equal(t, []*Batch{elsewhere, first, second}, d.retries)
	require.Equal(t, 1, lane.cold)

	d.revive(second) // has come back already
	d.warm(third)    // failed: it comes back by itself
	require.Len(t, d.retries, 3)
	require.Zero(t, lane.cold)
	require.Empty(t, d.cold)
}

// A batch that fails while it is set aside holds up no other.
func TestThawAfterAFailure(t *testing.T) {
	lane := &lane{}
	d := &desk{engine: &Engine{}}
	failed, next := &Batch{lane: lane}, &Batch{lane: lane}
	d.setAside(failed)
	d.setAside(next)
	d.revive(next)
	d.warm(failed)
	require.Equal(t, []*Batch{next}, d.retries)
	require.Zero(t, lane.cold)
}

// A batch whose own kernel is there does not overtake one that waits for its.
func TestOvertakes(t *testing.T) {
	l := &lane{}
	batch := func(id uint64, l *lane) *Batch { return &Batch{Batch: device.Batch{ID: id}, lane: l} }
	d := &desk{engine: &Engine{}}
	require.False(t, d.overtakes(batch(1, l)))
	d.setAside(batch(2, l))
	require.True(t, d.overtakes(batch(3, l)))
	require.False(t, d.overtakes(batch(1, l)))
	require.False(t, d.overtakes(batch(2, l)), "its own half")
	require.False(t, d.overtakes(batch(3, &lane{})))
}
