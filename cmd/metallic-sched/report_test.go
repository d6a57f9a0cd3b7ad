package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/device"
)

func TestReportGolden(t *testing.T) {
	r := &report{info: device.Info{Backend: "cpu"}, fit: decode.Fit{Layers: 2}}
	r.batched = summary(1000, 80, map[decode.BatchKind]decode.BatchSum{
		{Op: "matmul", Backend: "smalln", Variant: "N16", CloseReason: "slot_free"}: {Batches: 50, Jobs: 800, Device: 6 * time.Second},
		{Op: "matmul", Backend: "smalln", Variant: "N16", CloseReason: "full"}:      {Batches: 10, Jobs: 160, Device: time.Second},
		{Op: "softmax", Backend: "vec", Variant: "w64", CloseReason: "slot_free"}:   {Batches: 20, Jobs: 40, Device: time.Second},
	})
	r.alone = summary(250, 20, map[decode.BatchKind]decode.BatchSum{
		{Op: "matmul", Backend: "smalln", Variant: "N1", CloseReason: "alone"}: {Batches: 250, Jobs: 250, Device: 9 * time.Second},
	})
	r.batched.Checked, r.alone.Checked = 90, 10
	var out bytes.Buffer
	r.write(&out)
	golden(t, "report.txt", out.Bytes())
	require.NoError(t, r.verdict())
}

// Books that do not balance, and checks that were not made, are said aloud.
func TestReportWarns(t *testing.T) {
	r := &report{info: device.Info{Backend: "sim"}, batched: summary(10, 1, nil), alone: summary(5, 1, nil)}
	r.alone.Audit.Submitted++
	var out bytes.Buffer
	r.write(&out)
	require.Contains(t, out.String(), "NOT CHECKED")
	require.Contains(t, out.String(), "DOES NOT BALANCE")
	require.ErrorContains(t, r.verdict(), "does not balance")
}

// summary makes up what a lane did in ten seconds.
func summary(jobs, gflops int64, batches map[decode.BatchKind]decode.BatchSum) decode.Summary {
	s := decode.Summary{Elapsed: 10 * time.Second, Jobs: jobs, Flops: gflops * 1e9, PerToken: 4e8, Batches: batches}
	s.Audit.Submitted, s.Audit.Done, s.Audit.Cancelled = jobs+3, jobs, 3
	s.All = s.Audit
	for _, k := range decode.Kinds {
		sum := decode.KindSum{Kind: k, Latency: hdrhistogram.New(1000, int64(time.Minute), 2)}
		if k == decode.QKV {
			sum.Jobs = jobs
			for i := range jobs {
				_ = sum.Latency.RecordValue((i + 1) * int64(20*time.Microsecond))
			}
		}
		s.Kinds = append(s.Kinds, sum)
	}
	return s
}

// golden compares with a file of testdata, or with -rewrite writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}
