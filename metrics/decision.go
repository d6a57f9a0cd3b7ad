// Package metrics is what happened: one Decision for every batch, recorders
// that write them down without ever blocking the scheduler, and counters in
// the Prometheus text format. It knows strings and numbers only.
package metrics

import (
	"fmt"
	"strings"
	"time"
)

// Version is the schema version of records, "v" in JSON. It grows when a
// field changes its meaning or goes; new fields do not change it.
const Version = 1

// Kind tells the records of one file apart.
type Kind string

// The kinds. Batches are Decisions, the others are Events.
const (
	KindBatch   Kind = "batch"
	KindTrace   Kind = "trace"   // a traced run begins; its first record
	KindArrival Kind = "arrival" // a job was put into a bucket
	KindCancel  Kind = "cancel"  // a job was left out because it had ended
	KindSlot    Kind = "slot"    // the device has room for a batch
	KindPick    Kind = "pick"    // a bucket was picked for a slot, or none
	KindForm    Kind = "form"    // the slot's batch was filled
	KindRetry   Kind = "retry"   // the slot went to a batch that was there
	KindCold    Kind = "cold"    // the slot's batch waits for a compiler
	KindWarm    Kind = "warm"    // the batch that had the slot can go on
	KindDone    Kind = "done"    // the slot's batch has ended
	KindEnd     Kind = "end"     // the run ends; its last event
	KindPlace   Kind = "place"   // of several devices: an operand's copy, or a device, came or went
)

// Decision is the record of one batch: what was run, why so, and how it
// ended. Times are in nanoseconds.
type Decision struct {
	V    int  `json:"v"`    // recorders write Version
	Kind Kind `json:"kind"` // recorders write KindBatch
	// Seq counts the records of a run, Decisions and Events together, from 1.
	// A gap in a file means that a record was dropped.
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"` // when the batch ended

	ID         uint64   `json:"id"`
	Op         string   `json:"op"`
	Device     string   `json:"device"`
	Shape      Shape    `json:"shape"`      // of one job, as the caller wrote it
	Normalised Shape    `json:"normalised"` // of the batch, as if all its columns were of one product
	DTypes     DTypes   `json:"dtypes"`
	Flags      Flags    `json:"flags"`
	Heads      Heads    `json:"heads,omitzero"` // of an attention
	Jobs       int      `json:"jobs"`
	Columns    int      `json:"columns"`  // of a matmul; rows of a softmax; K/V heads of an attention
	Problems   int      `json:"problems"` // products with operands of their own
	Tenants    []Tenant `json:"tenants,omitempty"`

	Plan      Plan   `json:"plan"`
	Rules     []Rule `json:"rules,omitempty"` // in the order they were tried; see RuleDevice
	Invariant bool   `json:"invariant"`       // the results do not depend on the batch
	// Orientation says whether the product was mirrored, and why; Picked why
	// this batch came next.
	Orientation string `json:"orientation"`
	Picked      string `json:"picked"`

	CloseReason string `json:"close_reason"` // slot_free, full, linger, deadline, alone, retry, check
	Attempt     int    `json:"attempt"`      // from 1
	CacheHit    bool   `json:"cache_hit"`

	Queue      time.Duration   `json:"queue_ns"`  // of the oldest job, until the batch closed
	Encode     time.Duration   `json:"encode_ns"` // from there to commit
	DeviceTime time.Duration   `json:"device_ns"`
	Total      time.Duration   `json:"total_ns"` // from the oldest job's arrival to the end
	Dispatches []time.Duration `json:"dispatches_ns,omitempty"`

	// Check is set for one job that was run again alone: whether the bits are
	// those of its batch, which has the same ID. match, mismatch, unchecked.
	Check string `json:"check,omitempty"`

	Outcome string `json:"outcome"` // done, failed, hung, mixed
	Error   string `json:"error,omitempty"`
	// Unwritten counts the jobs that failed because the memory for their results
	// is gone. The outcome is mixed if others are done.
	Unwritten int `json:"unwritten,omitempty"`
}

// Shape is the size of an operation: Batch products of M x K and K x N, or
// Batch*M rows of N columns (K is 0), or M query rows of length K and N keys for
// each of Batch K/V heads.
type Shape struct {
	Batch int `json:"batch"`
	M     int `json:"m"`
	N     int `json:"n"`
	K     int `json:"k"`
}

// DTypes are the element types of the operands; a softmax has one in all.
type DTypes struct {
	A string `json:"a"`
	B string `json:"b"`
	C string `json:"c"`
}

// Flags are the properties of a job that select a specialisation.
type Flags struct {
	TransA      bool `json:"trans_a"`
	TransB      bool `json:"trans_b"`
	Beta        bool `json:"beta"` // beta is not 0
	Bias        bool `json:"bias"`
	Causal      bool `json:"causal"`
	QueryOffset bool `json:"query_offset"` // the offset is not 0
	Mirrored    bool `json:"mirrored"`     // taken as the transposed product
	TransV      bool `json:"trans_v,omitempty"`
}

// Heads are what the shape of an attention does not say: how many query heads
// share keys and values, and how long a value is.
type Heads struct {
	Group  int `json:"group"`
	Values int `json:"values"`
}

// Tenant is a tenant's share of a batch.
type Tenant struct {
	Name string `json:"name"`
	Jobs int    `json:"jobs"`
}

// Plan is the kernel that was chosen.
type Plan struct {
	Backend string `json:"backend"`
	Variant string `json:"variant"`
	Kernel  string `json:"kernel"`
	Key     string `json:"key"`
}

// RuleDevice is the Rule that was not applied as the device does without kernels
// that were made for its kind.
const RuleDevice = "device"

// Rule is one step of selection.
type Rule struct {
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
	Reason  string `json:"reason"`
}

func (s Shape) String() string {
	batch := ""
	if s.Batch != 1 {
		batch = fmt.Sprintf("%d*", s.Batch)
	}
	if s.K == 0 {
		return fmt.Sprintf("%s%dx%d", batch, s.M, s.N)
	}
	return fmt.Sprintf("%s%dx%dx%d", batch, s.M, s.K, s.N)
}

func (t DTypes) String() string {
	if t.A == t.B && t.B == t.C {
		return t.A
	}
	return t.A + "," + t.B + "," + t.C
}

// Reason returns why the rule that applied did, or "".
func (d *Decision) Reason() string {
	for _, r := range d.Rules {
		if r.Applied {
			return r.Reason
		}
	}
	return ""
}

// String returns the decision as one readable line, without a line end.
func (d *Decision) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s %v %v %s/%s %d jobs %s queue %v device %v",
		d.Time.Format("15:04:05.000"), d.Seq, d.Op, d.Normalised, d.DTypes,
		d.Plan.Backend, d.Plan.Variant, d.Jobs, d.CloseReason, short(d.Queue), short(d.DeviceTime))
	if d.Attempt > 1 {
		fmt.Fprintf(&b, " attempt %d", d.Attempt)
	}
	b.WriteString(" " + d.Outcome)
	if d.Check != "" {
		b.WriteString(" bits " + d.Check)
	}
	if reason := d.Reason(); reason != "" {
		b.WriteString(": " + reason)
	}
	if len(d.Rules) > 0 && d.Rules[0].Name == RuleDevice {
		b.WriteString("; " + d.Rules[0].Reason)
	}
	if d.Error != "" {
		fmt.Fprintf(&b, " error=%q", d.Error)
	}
	return b.String()
}

// short rounds a duration to about three digits.
func short(d time.Duration) time.Duration {
	for unit := time.Second; unit > time.Nanosecond; unit /= 10 {
		if d >= 100*unit {
			return d.Round(unit)
		}
	}
	return d
}

// CopyFrom makes d an independent copy of src, reusing d's memory.
func (d *Decision) CopyFrom(src *Decision) {
	tenants, rules, dispatches := d.Tenants[:0], d.Rules[:0], d.Dispatches[:0]
	*d = *src
	d.V, d.Kind = Version, KindBatch
	d.Tenants = append(tenants, src.Tenants...)
	d.Rules = append(rules, src.Rules...)
	d.Dispatches = append(dispatches, src.Dispatches...)
}
