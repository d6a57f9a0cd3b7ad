package main

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// A run that is interrupted reports what it has measured, and that is no
// failure.
func TestReplayInterrupted(t *testing.T) {
	d := sim.Open(sim.Config{})
	defer func() { require.NoError(t, d.Close()) }()
	ctx, interrupt := context.WithCancel(t.Context())
	r, err := replaySmall(ctx, d, scheduler.Config{Recorder: after(50, interrupt)})
	require.NoError(t, err)
	require.True(t, r.interrupted)
	require.Positive(t, r.batched.Jobs)
	require.Zero(t, r.alone.Jobs)
	require.NoError(t, r.verdict())
	var out bytes.Buffer
	r.write(&out)
	require.Contains(t, out.String(), "Interrupted: this is what was measured so far.")
}

// A failed job fails the run, whose report is there all the same.
func TestReplayFails(t *testing.T) {
	broken := errors.New("broken")
	var batches atomic.Int64
	d := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault {
		if batches.Add(1) > 20 {
			return sim.Error(broken)
		}
		return sim.None()
	}})
	defer func() { require.NoError(t, d.Close()) }()
	r, err := replaySmall(t.Context(), d, scheduler.Config{})
	require.ErrorIs(t, err, broken)
	require.NotNil(t, r)
}

func TestReplayOfNothing(t *testing.T) {
	d := sim.Open(sim.Config{})
	defer func() { require.NoError(t, d.Close()) }()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	r, err := replaySmall(ctx, d, scheduler.Config{})
	require.ErrorContains(t, err, "before a job was answered")
	require.Nil(t, r)
}

func replaySmall(ctx context.Context, d device.Device, cfg scheduler.Config) (*report, error) {
	m := decode.Model{Hidden: 64, KV: 32, Intermediate: 48, Vocab: 80, HeadDim: 16, Layers: 3, MinLen: 2, MaxLen: 5}
	src, err := decode.NewRandom(m, tensor.F16, 1)
	if err != nil {
		return nil, err
	}
	c := &runCommand{Sequences: 4, For: time.Hour}
	return c.replay(ctx, streams{&bytes.Buffer{}, &bytes.Buffer{}}, cfg, openDevices{{Name: "sim", Device: d}}, src, decode.Fit{Layers: 1, Head: true})
}

// after calls f when some batches have been recorded.
func after(batches int64, f func()) metrics.Recorder { return &trigger{left: batches, f: f} }

type trigger struct {
	left int64
	f    func()
}

// Record implements metrics.Recorder.
func (t *trigger) Record(*metrics.Decision) {
	if atomic.AddInt64(&t.left, -1) == 0 {
		t.f()
	}
}
