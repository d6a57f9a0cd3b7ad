package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// batchOf is a batch of jobs on one loaded operand. It was open for 4 ms and
// took 6 ms in all.
func batchOf(seq uint64, ended time.Duration, jobs int) metrics.Decision {
	_, loaded := policy.Orient(true, false)
	return metrics.Decision{
		V: metrics.Version, Kind: metrics.KindBatch, Seq: seq, Time: time.Unix(1000, 0).Add(ended), Op: "matmul",
		Shape: metrics.Shape{Batch: 1, M: 8, N: 1, K: 4}, DTypes: metrics.DTypes{A: "f16", B: "f32", C: "f32"}, Orientation: loaded,
		Jobs: jobs, Problems: 1, Attempt: 1, Queue: 4 * time.Millisecond, Total: 6 * time.Millisecond,
	}
}

func decisionLines(t *testing.T, all ...metrics.Decision) *bytes.Buffer {
	var out bytes.Buffer
	for _, d := range all {
		require.NoError(t, json.NewEncoder(&out).Encode(d))
	}
	return &out
}

// TestReadBatches: the jobs of a batch arrive while it is open; what ran again
// is no further job; an earlier run in the file does not count.
func TestReadBatches(t *testing.T) {
	_, unloaded := policy.Orient(false, false)
	shared := batchOf(2, 20*time.Millisecond, 4)
	shared.Tenants = []metrics.Tenant{{Name: "a", Jobs: 3}, {Name: "b", Jobs: 1}}
	again, check := batchOf(3, 21*time.Millisecond, 2), batchOf(4, 22*time.Millisecond, 1)
	again.Attempt, check.Check = 2, "match"
	group := batchOf(7, 30*time.Millisecond, 4) // records 5 and 6 are missing
	group.Problems, group.Shape.N = 2, 5
	own := batchOf(8, 12*time.Millisecond, 2)
	own.Problems, own.Orientation, own.Shape.M = 2, unloaded, 6
	softmax := batchOf(9, 40*time.Millisecond, 1)
	softmax.Op, softmax.Shape = "softmax", metrics.Shape{Batch: 1, M: 2, N: 10}

	run, err := readRecorded(decisionLines(t,
		batchOf(1, 0, 100), batchOf(2, 0, 100), // a run before
		batchOf(1, 10*time.Millisecond, 1), shared, again, check, group, own, softmax))
	require.NoError(t, err)
	require.Equal(t, "arrivals are those of 5 batches, each with jobs alike; "+
		"priorities, deadlines and refused jobs are not recorded; 2 records are missing", run.note)

	kinds, sends, err := newTraceReader(run.arrivals).read()
	require.NoError(t, err)
	require.Len(t, kinds, 4)
	_, err = loadtest.NewMix(kinds)
	require.NoError(t, err)
	type sent struct {
		at            time.Duration
		kind, operand int
		tenant        string
	}
	var got []sent
	for _, s := range sends {
		got = append(got, sent{s.At / time.Millisecond, s.Kind, s.Operand, s.Tenant})
	}
	require.Equal(t, []sent{
		{0, 0, 0, ""},
		{2, 1, 0, ""},
		{4, 1, 0, ""},
		{10, 0, 0, "a"},
		{11, 0, 0, "a"},
		{12, 0, 0, "a"},
		{13, 0, 0, "b"},
		{20, 2, 0, ""},
		{21, 2, 1, ""},
		{22, 2, 0, ""},
		{23, 2, 1, ""},
		{30, 3, 0, ""},
	}, got)
	require.Equal(t, []string{"a", "none", "a", "none"}, []string{kinds[0].Loaded, kinds[1].Loaded, kinds[2].Loaded, kinds[3].Loaded})
	require.Equal(t, 2, kinds[2].Operands)
}

// TestReadBatchesAfterAFullDisk: what is left of a line is skipped and told of,
// and what a rotated file began with is not missing.
func TestReadBatchesAfterAFullDisk(t *testing.T) {
	const fragment = `{"v":1,"kind":"bat` + "\n"
	lines := func(seqs ...uint64) (text string) {
		for _, seq := range seqs {
			text += decisionLines(t, batchOf(seq, time.Duration(seq), 1)).String()
		}
		return text
	}
	for name, test := range map[string]struct {
		file    string
		batches int
		note    string
	}{
		"between two runs":          {lines(1, 2) + fragment + lines(1, 2, 3), 3, "; 1 lines were torn"},
		"within the last run":       {lines(1, 2, 3, 1, 2) + fragment + lines(5), 3, "; 2 records are missing; 1 lines were torn"},
		"at the end":                {lines(1) + strings.TrimSpace(fragment), 1, "; 1 lines were torn"},
		"at the beginning":          {fragment + lines(2, 3), 2, "; the first record is number 2; 1 lines were torn"},
		"a file that was rotated":   {lines(500001, 500002, 500004), 3, "; the first record is number 500001; 1 records are missing"},
		"a run after one like that": {lines(500001, 1, 2), 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := readRecorded(strings.NewReader(test.file))
			require.NoError(t, err)
			require.Len(t, run.arrivals, test.batches)
			_, note, _ := strings.Cut(run.note, "are not recorded")
			require.Equal(t, test.note, note)
		})
	}
}

// TestReadTracedRuns: only the last run has to be whole.
func TestReadTracedRuns(t *testing.T) {
	const (
		header  = `{"v":1,"kind":"trace","seq":1,"setup":{}}` + "\n"
		arrival = `{"v":1,"kind":"arrival","seq":2,"job":7}` + "\n"
		cut     = `{"v":1,"kind":"arr` + "\n"
	)
	run, err := readRecorded(strings.NewReader(header + cut + header + arrival))
	require.NoError(t, err)
	require.Len(t, run.arrivals, 1)
	_, err = readRecorded(strings.NewReader(header + arrival + header + cut + arrival))
	require.ErrorContains(t, err, "trace: line 4: not a whole record")
}

func TestReadBatchesRefuses(t *testing.T) {
	other := batchOf(1, 0, 1)
	other.V = 2
	for want, text := range map[string]string{
		"none of its 2 lines is a whole record":                          `{"v":1,` + "\n" + `{"v":1,`,
		"line 2: not a record of this program":                           decisionLines(t, batchOf(1, 0, 1)).String() + `{"v":1,"jobs":"many"}`,
		"line 1: the record is of version 2; this program reads version": decisionLines(t, other).String(),
		"trace: line 1: the header has no setup":                         `{"v":1,"kind":"trace","seq":1}`,
	} {
		_, err := readRecorded(strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
	empty, err := readRecorded(strings.NewReader(""))
	require.NoError(t, err)
	_, _, err = newTraceReader(empty.arrivals).read()
	require.ErrorContains(t, err, "no job arrived")
}
