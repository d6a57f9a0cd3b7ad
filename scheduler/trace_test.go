package scheduler_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// One job, as it is traced.
func TestTraceOfAJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := scheduler.Config{Device: seconds(1), Trace: true, MaxColumns: 32}
		f := record(&cfg)
		s, err := scheduler.Open(background, cfg)
		require.NoError(t, err)
		w := square(t, s, 4)
		time.Sleep(time.Second)
		h := submit(t, s, newProbe(w, job.Options{Tenant: "a", Priority: job.High, Deadline: time.Now().Add(time.Minute)}))
		require.NoError(t, h.Wait(background))
		trace := f.traced(t, s)
		require.Equal(t, "sim", trace.Setup.Device)
		require.Equal(t, 32, trace.Setup.MaxColumns)
		require.Equal(t, 100*time.Millisecond, trace.Setup.AgeStep)
		require.Equal(t, 1, trace.Decisions)
		var kinds []metrics.Kind
		for _, e := range trace.Events {
			kinds = append(kinds, e.Kind)
		}
		require.Equal(t, []metrics.Kind{
			metrics.KindSlot, metrics.KindArrival, metrics.KindPick, metrics.KindForm, metrics.KindCold, metrics.KindSlot,
			metrics.KindWarm, metrics.KindRetry, metrics.KindDone, metrics.KindSlot, metrics.KindEnd,
		}, kinds)
		arrival, pick, form := trace.Events[1], trace.Events[2], trace.Events[3]
		arrival.Flags = metrics.Flags{} // how operands lie
		require.Equal(t, metrics.Event{
			V: metrics.Version, Kind: metrics.KindArrival, Seq: 3, At: time.Second, Job: 1, Op: "matmul", Operand: 1,
			Shape: metrics.Shape{Batch: 1, M: 4, N: 1, K: 4}, DTypes: metrics.DTypes{A: "f32", B: "f32", C: "f32"},
			Backend: "smalln", Tenant: "a", Priority: 1, Deadline: 61 * time.Second,
		}, arrival)
		require.Equal(t, "only candidate", pick.Picked)
		require.Equal(t, []metrics.Share{{Job: 1, From: 0, To: 1}}, form.Shares)
		require.Equal(t, "alone", form.CloseReason)
	})
}

// Recorders that take no events refuse to be traced to, and nothing is traced
// unasked.
func TestTraceNeedsATracer(t *testing.T) {
	for _, r := range []metrics.Recorder{nil, metrics.Discard{}, metrics.Multi{metrics.Discard{}}} {
		_, err := scheduler.Open(background, scheduler.Config{Device: sim.Open(sim.Config{}), Trace: true, Recorder: r})
		var wrong *scheduler.ConfigError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, "Trace", wrong.Field)
	}
	cfg := scheduler.Config{Device: sim.Open(sim.Config{})}
	f := record(&cfg)
	s := start(t, cfg)
	require.NoError(t, s.Do(background, newProbe(square(t, s, 4), job.Options{}).Matmul))
	require.NoError(t, s.Close(background))
	require.Equal(t, 1, bytes.Count(f.Bytes(), []byte("\n")))
	_, err := metrics.ReadTraces(bytes.NewReader(f.Bytes()))
	require.ErrorContains(t, err, "line 1: no header")
}

// What the recorder had no room for is missed by the reader.
func TestTraceWithGapsIsRefused(t *testing.T) {
	cfg := scheduler.Config{Device: sim.Open(sim.Config{}), Trace: true}
	f := record(&cfg)
	s := start(t, cfg)
	w := square(t, s, 4)
	for range 4 {
		require.NoError(t, s.Do(background, newProbe(w, job.Options{}).Matmul))
	}
	f.traced(t, s)
	lines := bytes.SplitAfter(f.Bytes(), []byte("\n"))
	for i := 1; i < len(lines)-2; i++ {
		rest := bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil)
		_, err := metrics.ReadTraces(bytes.NewReader(rest))
		var wrong *metrics.TraceError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, i+1, wrong.Line)
		require.ErrorContains(t, err, "is missing")
	}
}
