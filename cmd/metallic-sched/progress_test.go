package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

func TestProgressPrint(t *testing.T) {
	d := sim.Open(sim.Config{})
	l, err := decode.OpenLane(t.Context(), scheduler.Config{Device: d})
	require.NoError(t, err)
	var out bytes.Buffer
	now := &laneTurn{}
	p := &progress{out: &out, start: time.Now(), line: now.line}
	p.print(time.Now())
	require.Empty(t, out.String(), "nothing has begun")
	now.begin("batched", l)
	p.print(p.start.Add(12 * time.Second))
	require.Equal(t, " 12.0s  batched  0 jobs  0 jobs/s  mean batch 0.0\n", out.String())
	out.Reset()
	p.live = true
	p.print(p.start.Add(12 * time.Second))
	require.Equal(t, "\r\x1b[K 12.0s  batched  0 jobs  0 jobs/s  mean batch 0.0", out.String())
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, d.Close())
}

// A file is no terminal: it gets a line now and then, and nothing to clear.
func TestProgressToAFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer f.Close()
	require.False(t, isTerminal(f))
	require.False(t, isTerminal(&bytes.Buffer{}))
	startProgress(f, func(time.Time) string { return "" }).stop()
	info, err := f.Stat()
	require.NoError(t, err)
	require.Zero(t, info.Size())
}
