package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestTraceFile reads the trace that testdata/script/replay.txtar replays;
// with -rewrite it makes it: two tenants, two weights, a slow device.
func TestTraceFile(t *testing.T) {
	path := filepath.Join("testdata", "trace.jsonl")
	if *rewrite {
		require.NoError(t, os.RemoveAll(path))
		synctest.Test(t, func(t *testing.T) { makeTrace(t, path) })
		runtime.GC() // channels of the bubble must not stay in pools
		runtime.GC()
	}
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	runs, err := metrics.ReadTraces(f)
	require.NoError(t, err)
	require.True(t, runs[0].Ended())
	r, err := scheduler.Replay(&runs[0], runs[0].Setup)
	require.NoError(t, err)
	require.Zero(t, r.Different, "made by another version? go test ./cmd/metallic-sched -run TraceFile -rewrite")
}

func makeTrace(t *testing.T, path string) {
	ctx := context.Background()
	file, err := metrics.OpenJSONL(path, 1<<10)
	require.NoError(t, err)
	s, err := scheduler.Open(ctx, scheduler.Config{
		Device: sim.Open(sim.Config{Launch: 2 * time.Millisecond, PerColumn: 100 * time.Microsecond}),
		Trace:  true, Recorder: file, CloseRecorder: true, MaxColumns: 16, AgeStep: time.Second,
	})
	require.NoError(t, err)
	var weights []tensor.View
	for _, n := range []int{32, 48} {
		w, err := s.Load(tensor.Matrix(make([]float32, n*n), n, n))
		require.NoError(t, err)
		weights = append(weights, w.View())
	}
	for i := range 40 {
		w := weights[min(i%3, 1)]
		o := job.Options{Tenant: fmt.Sprint("tenant ", i%2), Priority: job.Priority(i % 7 % 2)}
		h, err := s.Submit(ctx, &job.Matmul{
			A: w, B: tensor.Matrix(make([]float32, w.Cols()), w.Cols(), 1), C: tensor.Matrix(make([]float32, w.Rows()), w.Rows(), 1), Options: o,
		})
		require.NoError(t, err)
		synctest.Wait()
		time.Sleep(250 * time.Microsecond)
		if i%13 == 7 {
			h.Cancel()
		}
	}
	require.NoError(t, s.Close(ctx))
}
