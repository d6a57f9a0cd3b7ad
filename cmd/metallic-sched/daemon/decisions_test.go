package daemon

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// A daemon whose decisions go to a console alone takes no events, and whoever would make
// them need not begin.
func TestDecisionsTakeEventsAsTheirRecordersDo(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "decisions.jsonl"))
	require.NoError(t, err)
	console, jsonl := metrics.NewConsole(io.Discard, 1), metrics.NewJSONL(file, 1)
	t.Cleanup(func() {
		require.NoError(t, metrics.Multi{console, jsonl}.Close(context.Background()))
	})
	for _, c := range []struct {
		recorder metrics.Recorder
		takes    bool
	}{
		{console, false},
		{metrics.Multi{console}, false},
		{jsonl, true},
		{metrics.Multi{console, jsonl}, true},
	} {
		d := decisions{Multi: metrics.Multi{c.recorder}}
		require.Equal(t, c.takes, metrics.TakesEvents(d))
		require.Equal(t, c.takes, metrics.TakesEvents(metrics.Multi{d, &metrics.Feed{}}))
	}
}
