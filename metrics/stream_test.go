package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// output is a writer that tests can hold up and make fail.
type output struct {
	entered chan struct{} // receives when a write begins, if not nil
	proceed chan struct{} // each write waits for it, if not nil
	err     error
	closed  bool
	bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	if o.proceed != nil {
		o.entered <- struct{}{}
		<-o.proceed
	}
	if o.err != nil {
		return 0, o.err
	}
	return o.Buffer.Write(p)
}

func (o *output) Close() error {
	o.closed = true
	return nil
}

func held() *output {
	return &output{entered: make(chan struct{}, 100), proceed: make(chan struct{})}
}

func sequence(t *testing.T, lines string) []uint64 {
	var seqs []uint64
	for line := range strings.Lines(lines) {
		var d Decision
		require.NoError(t, json.Unmarshal([]byte(line), &d))
		seqs = append(seqs, d.Seq)
	}
	return seqs
}

func TestJSONLWritesInOrder(t *testing.T) {
	o := &output{}
	j := NewJSONL(o, 16)
	d := decision()
	for seq := range uint64(10) {
		d.Seq = seq
		j.Record(d) // d is ours again afterwards
	}
	require.NoError(t, j.Flush(t.Context()))
	require.EqualValues(t, 10, j.Written())
	require.Equal(t, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, sequence(t, o.String()))
	require.Contains(t, o.String(), "N=1 <= 8")

	require.NoError(t, j.Close(t.Context()))
	require.NoError(t, j.Close(t.Context()))
	require.True(t, o.closed)
	require.NoError(t, j.Flush(t.Context()))
	require.Zero(t, j.Dropped())
	j.Record(d)
	require.EqualValues(t, 1, j.Dropped())
}

func TestJSONLTracesEvents(t *testing.T) {
	o := &output{}
	j := NewJSONL(o, 16)
	formed := &Event{Kind: KindForm, Seq: 3, Slot: 1, Shares: []Share{{Job: 7, From: 0, To: 2}}, Columns: 2}
	j.Trace(&Event{Kind: KindArrival, Seq: 1, At: 5, Job: 7, Op: "softmax", Shape: Shape{1, 2, 3, 0}, Tenant: "a", Deadline: 6})
	j.Trace(&Event{Kind: KindSlot, Seq: 2, At: 7, Slot: 1})
	j.Trace(formed)
	formed.Shares[0].Job = 8 // ours again
	j.Record(decision())
	require.NoError(t, j.Close(t.Context()))
	lines := strings.Split(o.String(), "\n")
	require.Len(t, lines, 5)
	require.JSONEq(t, `{"v":1,"kind":"arrival","seq":1,"at_ns":5,"job":7,"op":"softmax",
		"shape":{"batch":1,"m":2,"n":3,"k":0},"tenant":"a","deadline_ns":6}`, lines[0])
	require.JSONEq(t, `{"v":1,"kind":"slot","seq":2,"at_ns":7,"slot":1}`, lines[1])
	require.JSONEq(t, `{"v":1,"kind":"form","seq":3,"at_ns":0,"slot":1,"shares":[{"job":7,"from":0,"to":2}],"columns":2}`, lines[2])
	require.Contains(t, lines[3], `"kind":"batch"`)
}

func TestFullStreamDropsAndCounts(t *testing.T) {
	o := held()
	j := NewJSONL(o, 2)
	d := decision()
	j.Record(d)
	<-o.entered // the goroutine is stuck in its write, the queue empty
	for range 5 {
		j.Record(d)
	}
	require.EqualValues(t, 3, j.Dropped())
	require.Zero(t, j.Written())
	close(o.proceed)
	require.NoError(t, j.Close(t.Context()))
	require.EqualValues(t, 3, j.Written())
	require.EqualValues(t, 3, j.Dropped())
}

func TestStuckOutputDoesNotHoldUpFlushAndClose(t *testing.T) {
	o := held()
	j := NewJSONL(o, 2)
	j.Record(decision())
	<-o.entered
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, j.Flush(gone), context.Canceled)
	require.ErrorIs(t, j.Close(gone), context.Canceled)
	close(o.proceed)
	require.NoError(t, j.Close(t.Context()))
	require.EqualValues(t, 1, j.Written())
}

func TestFailedOutputIsAnErrorAndCounted(t *testing.T) {
	full := errors.New("disk full")
	j := NewJSONL(&output{err: full}, 200)
	for range 200 { // more than the buffer holds
		j.Record(decision())
	}
	require.ErrorIs(t, j.Flush(t.Context()), full)
	require.ErrorIs(t, j.Err(), full)
	require.ErrorIs(t, j.Close(t.Context()), full)
	require.EqualValues(t, 200, j.Dropped())
	require.Zero(t, j.Written())
}

func TestEveryRecordIsWrittenOrDropped(t *testing.T) {
	o := &output{}
	j := NewJSONL(o, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				j.Record(decision())
			}
		})
	}
	require.NoError(t, j.Flush(t.Context()))
	require.NoError(t, j.Close(t.Context())) // while some still record
	all.Wait()
	require.EqualValues(t, 800, j.Written()+j.Dropped())
	require.Len(t, sequence(t, o.String()), int(j.Written()))
}

func TestOpenJSONLAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	for range 2 {
		j, err := OpenJSONL(path, 4)
		require.NoError(t, err)
		j.Record(decision())
		require.NoError(t, j.Close(t.Context()))
	}
	lines, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, sequence(t, string(lines)), 2)

	_, err = OpenJSONL(t.TempDir(), 4)
	require.Error(t, err)
}

func TestConsole(t *testing.T) {
	var o bytes.Buffer
	c := NewConsole(&o, 4)
	c.Record(decision())
	require.NoError(t, c.Close(t.Context()))
	require.Equal(t, decision().String()+"\n", o.String())
}

func BenchmarkRecordDiscard(b *testing.B) {
	var r Recorder = Discard{}
	d := decision()
	b.ReportAllocs()
	for b.Loop() {
		r.Record(d)
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

func BenchmarkRecordJSONL(b *testing.B) {
	j := NewJSONL(nowhere{}, 4096)
	d := decision()
	b.ReportAllocs()
	for b.Loop() {
		j.Record(d)
	}
	b.ReportMetric(float64(j.Dropped())/float64(b.N), "dropped/op")
	require.NoError(b, j.Close(context.Background()))
}

// BenchmarkRecordJSONLFull is the cost of a record that is dropped.
func BenchmarkRecordJSONLFull(b *testing.B) {
	o := held()
	j := NewJSONL(o, 1)
	d := decision()
	j.Record(d)
	<-o.entered
	b.ReportAllocs()
	for b.Loop() {
		j.Record(d)
	}
	close(o.proceed)
	require.NoError(b, j.Close(context.Background()))
}
