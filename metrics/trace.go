package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Trace is one traced run, read back.
type Trace struct {
	Setup     Setup
	Events    []Event // without the header, and without Decisions
	Decisions int     // how many there were
	Broken    error   // what it lacks, a *TraceError; nil if it is whole up to its last event
}

// Ended reports whether the run was traced to its end. Otherwise the program
// ended without closing its scheduler, or the file lacks its last lines.
func (t *Trace) Ended() bool {
	return len(t.Events) > 0 && t.Events[len(t.Events)-1].Kind == KindEnd
}

// TraceError says which line of a file is no part of a whole trace, and what
// is missing.
type TraceError struct {
	Line    int // from 1
	Problem string
	Cause   error // or nil
}

func (e *TraceError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("trace: line %d: %s: %v", e.Line, e.Problem, e.Cause)
	}
	return fmt.Sprintf("trace: line %d: %s", e.Line, e.Problem)
}

// Unwrap returns the cause.
func (e *TraceError) Unwrap() error { return e.Cause }

// ReadTraces reads the runs that were traced to a file of JSON lines, one
// after another. A run that lacks records, as the disk was full or the program
// was killed, or has others in between, is Broken, and its events end there. A
// file without a whole run, or of another program, is refused with a
// *TraceError.
func ReadTraces(r io.Reader) ([]Trace, error) {
	t := &traceReader{}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("trace: after line %d: %w", t.line, err)
		}
		if len(line) > 0 {
			t.line++
			if problem := t.read(line); problem != nil {
				return nil, problem
			}
		}
		if err != nil {
			break
		}
	}
	if err := t.noneWhole(); err != nil {
		return nil, err
	}
	return t.traces, nil
}

type traceReader struct {
	traces []Trace
	line   int
	seq    uint64 // of the record before
}

// noneWhole is the error of a file without a whole run.
func (t *traceReader) noneWhole() error {
	runs := len(t.traces)
	switch {
	case runs == 0:
		return &TraceError{Line: 1, Problem: "the file is empty"}
	case slices.ContainsFunc(t.traces, func(run Trace) bool { return run.Broken == nil }):
		return nil
	case runs == 1:
		return t.traces[0].Broken
	}
	return fmt.Errorf("none of %d runs is whole; the last: %w", runs, t.traces[runs-1].Broken)
}

func (t *traceReader) problem(format string, args ...any) error {
	return &TraceError{Line: t.line, Problem: fmt.Sprintf(format, args...)}
}

// read takes one line.
func (t *traceReader) read(line []byte) error {
	var head struct {
		V    *int
		Kind Kind
		Seq  uint64
	}
	if err := json.Unmarshal(line, &head); err != nil {
		t.breakRun(&TraceError{Line: t.line, Problem: "not a whole record", Cause: err})
		return nil
	}
	switch {
	case head.V == nil:
		return t.problem("the record has no version (v)")
	case *head.V != Version:
		return t.problem("the record is of version %d; this program reads version %d", *head.V, Version)
	}
	if head.Kind == KindTrace {
		return t.begin(line, head.Seq)
	}
	if t.broken() {
		return nil
	}
	if err := t.follows(head.Seq); err != nil {
		t.breakRun(err)
		return nil
	}
	if head.Kind == KindBatch {
		t.traces[len(t.traces)-1].Decisions++
		return nil
	}
	return t.event(line)
}

// breakRun leaves out what comes before the next header. A run that has ended
// lacks nothing: the line is of another, whose header is lost.
func (t *traceReader) breakRun(problem error) {
	if n := len(t.traces); n == 0 || t.traces[n-1].Ended() {
		t.traces = append(t.traces, Trace{})
	}
	if !t.broken() {
		t.traces[len(t.traces)-1].Broken = problem
	}
}

func (t *traceReader) broken() bool {
	n := len(t.traces)
	return n > 0 && t.traces[n-1].Broken != nil
}

// begin starts a run with its header.
func (t *traceReader) begin(line []byte, seq uint64) error {
	e, err := t.decode(line)
	switch {
	case err != nil:
		return err
	case seq != 1:
		return t.problem("the header is record %d; it must be record 1", seq)
	case e.Setup == nil:
		return t.problem("the header has no setup")
	}
	t.seq = seq
	t.traces = append(t.traces, Trace{Setup: *e.Setup})
	return nil
}

// follows checks that a record is the next one.
func (t *traceReader) follows(seq uint64) error {
	due := t.seq + 1
	switch {
	case len(t.traces) == 0:
		return t.problem("no header before record %d: the run was not traced, or the file has lost its beginning", seq)
	case seq > due && seq == due+1:
		return t.problem("record %d is missing before record %d", due, seq)
	case seq > due:
		return t.problem("records %d to %d are missing before record %d", due, seq-1, seq)
	case seq < due:
		return t.problem("record %d where record %d is due: another run that was not traced, or a second writer", seq, due)
	}
	t.seq = seq
	return nil
}

func (t *traceReader) event(line []byte) error {
	run := &t.traces[len(t.traces)-1]
	if run.Ended() {
		return nil // what the scheduler was told after its end decides nothing
	}
	e, err := t.decode(line)
	if err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return &TraceError{Line: t.line, Problem: "the record cannot be meant", Cause: err}
	}
	run.Events = append(run.Events, *e)
	return nil
}

func (t *traceReader) decode(line []byte) (*Event, error) {
	e := &Event{}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(e); err != nil {
		return nil, &TraceError{Line: t.line, Problem: "not a record of this program", Cause: err}
	}
	return e, nil
}

// mostNumber bounds the sizes in an event: more than any job has, and far from
// overflow when a few are multiplied.
const mostNumber = math.MaxInt32

// check refuses an event that the scheduler cannot have recorded.
func (e *Event) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"batch", e.Shape.Batch},
		{"m", e.Shape.M},
		{"n", e.Shape.N},
		{"k", e.Shape.K},
		{"columns", e.Columns},
		{"problems", e.Problems},
		{"attempt", e.Attempt},
		{"dispatches", e.Dispatches},
		{"shard", e.Shard},
	} {
		if f.value < 0 || f.value > mostNumber {
			return fmt.Errorf("%s is %d; allowed: 0 to %d", f.name, f.value, mostNumber)
		}
	}
	switch e.Kind {
	case KindArrival:
		if e.Job == 0 || e.Priority < -1 || e.Priority > 1 {
			return fmt.Errorf("job is %d and priority is %d; allowed: from 1, and -1 to 1", e.Job, e.Priority)
		}
	case KindSlot, KindPick, KindForm, KindRetry, KindCold, KindWarm, KindDone:
		if e.Slot == 0 {
			return fmt.Errorf("%s without a slot", e.Kind)
		}
	case KindCancel, KindEnd:
	case KindBatch, KindTrace, KindPlace:
		return fmt.Errorf("%s is not an event", e.Kind)
	default:
		return fmt.Errorf("kind %q is not known", e.Kind)
	}
	return nil
}
