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

// wrapped is a Multi by another name: it has Trace whatever is in it.
type wrapped struct{ Multi }

// willing says that it takes events, without a way to.
type willing struct{ Discard }

func (willing) TakesEvents() bool { return true }

func TestTakesEvents(t *testing.T) {
	for _, r := range []Recorder{
		&remembering{},
		Multi{Discard{}, Multi{&remembering{}}},
		wrapped{Multi{&remembering{}}},
		Multi{Discard{}, wrapped{Multi{Discard{}, &remembering{}}}},
	} {
		require.True(t, TakesEvents(r))
	}
	for _, r := range []Recorder{
		nil,
		Discard{},
		Multi{},
		Multi{Discard{}, Multi{}},
		wrapped{},
		wrapped{Multi{Discard{}}},
		Multi{wrapped{Multi{Discard{}}}},
		willing{},
		Multi{willing{}},
	} {
		require.False(t, TakesEvents(r))
	}
}
