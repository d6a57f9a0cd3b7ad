package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// recorded is the last run of a file of records.
type recorded struct {
	arrivals []metrics.Event // sorted by their times
	note     string          // what the file does not tell, "" if it tells all
}

// readRecorded reads the arrivals of a run: as they were traced or, if they were
// not, as the batches tell them.
func readRecorded(r io.Reader) (*recorded, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	traced, err := beginsTrace(in)
	if err != nil {
		return nil, err
	}
	if !traced {
		return readBatches(in)
	}
	runs, err := metrics.ReadTraces(in)
	if err != nil {
		return nil, err
	}
	last := runs[len(runs)-1]
	if last.Broken != nil {
		return nil, last.Broken
	}
	return &recorded{arrivals: last.Events}, nil
}

// beginsTrace looks at the kind of the first record.
func beginsTrace(in *bufio.Reader) (bool, error) {
	start, err := in.Peek(longestHeader)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	line, _, _ := bytes.Cut(start, []byte("\n"))
	var head struct{ Kind metrics.Kind }
	return json.Unmarshal(line, &head) == nil && head.Kind == metrics.KindTrace, nil
}

const longestHeader = 1 << 15

// batchReader makes arrivals of the batches of the last run of a file.
type batchReader struct {
	arrivals []metrics.Event
	operands map[batchKey]uint64
	last     uint64 // operand that was given out
	first    uint64 // of the run's records in the file: others may be in one that was rotated away
	seq      uint64 // of the record before
	missing  uint64 // records after the first
	batches  int
	torn     int // lines of the file, of any run
}

// batchKey is what is known of an operand: that it has the shape of others.
type batchKey struct {
	shape   metrics.Shape
	types   metrics.DTypes
	flags   metrics.Flags
	problem int
}

func readBatches(in *bufio.Reader) (*recorded, error) {
	b := &batchReader{operands: map[batchKey]uint64{}}
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if err := b.read(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if b.seq == 0 && b.torn > 0 {
		return nil, fmt.Errorf("none of its %d lines is a whole record", b.torn)
	}
	slices.SortStableFunc(b.arrivals, func(x, y metrics.Event) int { return cmp.Compare(x.At, y.At) })
	return &recorded{b.arrivals, b.note()}, nil
}

func (b *batchReader) note() string {
	note := fmt.Sprintf("arrivals are those of %d batches, each with jobs alike; priorities, deadlines and refused jobs are not recorded", b.batches)
	if b.first > 1 {
		note += fmt.Sprintf("; the first record is number %d", b.first)
	}
	if b.missing > 0 {
		note += fmt.Sprintf("; %d records are missing", b.missing)
	}
	if b.torn > 0 {
		note += fmt.Sprintf("; %d lines were torn", b.torn)
	}
	return note
}

// read takes a record. One that counts from the start again begins a run. What a
// full disk or a killed program left of a line is none.
func (b *batchReader) read(line []byte) error {
	var d metrics.Decision
	var cut *json.SyntaxError
	if err := json.Unmarshal(line, &d); errors.As(err, &cut) {
		b.torn++
		return nil
	} else if err != nil {
		return fmt.Errorf("not a record of this program: %w", err)
	}
	if d.V != metrics.Version {
		return fmt.Errorf("the record is of version %d; this program reads version %d", d.V, metrics.Version)
	}
	if d.Seq <= b.seq {
		*b = batchReader{operands: map[batchKey]uint64{}, torn: b.torn}
	}
	if b.seq == 0 {
		b.first = d.Seq
	} else {
		b.missing += d.Seq - b.seq - 1
	}
	b.seq = d.Seq
	if d.Kind == metrics.KindBatch && d.Attempt <= 1 && d.Check == "" { // others run the same jobs again
		b.add(&d)
	}
	return nil
}

// maxBatch is more jobs than any batch has.
const maxBatch = 1 << 20

// add makes the jobs of a batch arrive evenly while it was open.
func (b *batchReader) add(d *metrics.Decision) {
	b.batches++
	jobs := min(max(1, d.Jobs), maxBatch)
	oldest := time.Duration(d.Time.UnixNano()) - d.Total
	tenants := tenantsOf(d, jobs)
	for i := range jobs {
		b.arrivals = append(b.arrivals, metrics.Event{
			Kind: metrics.KindArrival, Job: uint64(len(b.arrivals) + 1), Op: d.Op, Shape: d.Shape, Heads: d.Heads, DTypes: d.DTypes, Flags: d.Flags,
			At:     oldest + time.Duration(math.Round(float64(d.Queue)*float64(i)/float64(jobs))),
			Tenant: tenants[i], Operand: b.operand(d, i),
		})
	}
}

// operand returns what a job multiplied: a loaded operand of its shape, one for
// each problem of a batch, or memory of its own.
func (b *batchReader) operand(d *metrics.Decision, i int) uint64 {
	problems := max(1, d.Problems)
	_, unloaded := policy.Orient(false, false)
	if shared := d.Op == "matmul" && (d.Jobs > problems || d.Orientation != unloaded); !shared {
		b.last++
		return b.last
	}
	key := batchKey{d.Shape, d.DTypes, d.Flags, i % problems}
	id := b.operands[key]
	if id == 0 {
		b.last++
		id = b.last
		b.operands[key] = id
	}
	return id
}

// tenantsOf returns the tenant of each job.
func tenantsOf(d *metrics.Decision, jobs int) []string {
	var all []string
	for _, t := range d.Tenants {
		for range min(t.Jobs, jobs-len(all)) {
			all = append(all, t.Name)
		}
	}
	for len(all) < jobs {
		all = append(all, "")
	}
	return all
}
