package metrics

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type remembering struct{ decisions, events []uint64 }

func (r *remembering) Record(d *Decision) { r.decisions = append(r.decisions, d.Seq) }
func (r *remembering) Trace(e *Event)     { r.events = append(r.events, e.Seq) }

func TestMultiRecordsToAll(t *testing.T) {
	a, b := &remembering{}, &remembering{}
	m := Multi{a, Discard{}, b}
	m.Record(&Decision{Seq: 1})
	m.Trace(&Event{Seq: 2})
	for _, r := range []*remembering{a, b} {
		require.Equal(t, []uint64{1}, r.decisions)
		require.Equal(t, []uint64{2}, r.events)
	}
}

func TestTakesEvents(t *testing.T) {
	require.True(t, TakesEvents(&remembering{}))
	require.True(t, TakesEvents(Multi{Discard{}, Multi{&remembering{}}}))
	for _, r := range []Recorder{nil, Discard{}, Multi{}, Multi{Discard{}, Multi{}}} {
		require.False(t, TakesEvents(r))
	}
}
