package metrics

import "time"

// Event is the record of what the scheduler was told and what it decided at
// once: an arrival, a cancellation, a free slot, what was picked for it.
// Together with the Decisions, in the order of Seq, they are all that a replay
// needs. Fields that a kind has no use for stay zero and are left out.
type Event struct {
	V    int           `json:"v"` // recorders write Version
	Kind Kind          `json:"kind"`
	Seq  uint64        `json:"seq"`   // counted together with Decision.Seq
	At   time.Duration `json:"at_ns"` // since the trace began

	Setup *Setup `json:"setup,omitempty"` // of a trace

	Job  uint64 `json:"job,omitempty"`  // arrival, cancel: counted from 1
	Slot uint64 `json:"slot,omitempty"` // all but an arrival; 0 in a cancel: the job waited

	// Of an arrival, whose At is when the job was submitted. Jobs with the same
	// Operand multiply the same memory.
	Op       string        `json:"op,omitempty"` // also of a pick: the dispatchers asked, all if empty
	Operand  uint64        `json:"operand,omitempty"`
	Shape    Shape         `json:"shape,omitzero"` // as written
	DTypes   DTypes        `json:"dtypes,omitzero"`
	Flags    Flags         `json:"flags,omitzero"`
	Heads    Heads         `json:"heads,omitzero"` // of an attention
	Backend  string        `json:"backend,omitempty"`
	Tenant   string        `json:"tenant,omitempty"`
	Priority int           `json:"priority,omitempty"`
	Deadline time.Duration `json:"deadline_ns,omitempty"` // as At; 0 for none

	// Of a pick: why what came next did, empty when nothing could.
	Shard       int    `json:"shard,omitempty"` // of Op
	Picked      string `json:"picked,omitempty"`
	Class       int    `json:"class,omitempty"`
	MaxColumns  int    `json:"max_columns,omitempty"`
	MaxProblems int    `json:"max_problems,omitempty"`

	// Of a form or retry.
	Shares      []Share `json:"shares,omitempty"`
	Columns     int     `json:"columns,omitempty"`
	Problems    int     `json:"problems,omitempty"`
	CloseReason string  `json:"close_reason,omitempty"`
	Attempt     int     `json:"attempt,omitempty"`

	// Of a done. Outcome is empty when all went well; a cancel has one too.
	DeviceTime time.Duration `json:"device_ns,omitempty"`
	Ended      time.Duration `json:"ended_ns,omitempty"` // as At: when the device was done
	Dispatches int           `json:"dispatches,omitempty"`
	InPlace    bool          `json:"in_place,omitempty"` // the first job was, or was to be, written in place
	Outcome    string        `json:"outcome,omitempty"`

	// Of a place. Operand counts those of all devices together.
	Device string        `json:"device,omitempty"`
	Placed string        `json:"placed,omitempty"` // load, evict, release, up, restarting, lost
	Why    string        `json:"why,omitempty"`
	Bytes  int64         `json:"bytes,omitempty"`
	Took   time.Duration `json:"took_ns,omitempty"`
}

// The outcomes of a done that decide what becomes of the jobs.
const (
	OutcomeFailed      = "failed"
	OutcomeOutOfMemory = "out_of_memory"
	OutcomeLost        = "lost" // the device, or the scheduler closed
)

// Share is a job's part in a batch: units From up to To.
type Share struct {
	Job  uint64 `json:"job"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// Setup is what decisions depend on besides the events.
type Setup struct {
	Device     string        `json:"device"`
	QueueDepth int           `json:"queue_depth"`
	Bandwidth  float64       `json:"bandwidth"` // what the cost model starts from
	Flops      float64       `json:"flops"`
	Launch     time.Duration `json:"launch_ns"`
	Caps       Caps          `json:"caps"`
	Prefs      Prefs         `json:"prefs"`

	Shards      int           `json:"shards"`
	MaxColumns  int           `json:"max_columns"`
	MaxJobs     int           `json:"max_jobs"`
	MaxProblems int           `json:"max_problems"`
	MaxTime     time.Duration `json:"max_time_ns"`
	GroupTime   time.Duration `json:"group_time_ns"`
	Handover    time.Duration `json:"handover_ns"`
	Linger      time.Duration `json:"linger_ns"`
	AgeStep     time.Duration `json:"age_step_ns"`

	Weights map[string]float64 `json:"weights,omitempty"`
	// Costs are what the cost model knew from the start, of a profile.
	Costs []Correction `json:"costs,omitempty"`
}

// Correction is one of a cost model's, as package policy has it.
type Correction struct {
	Family  string  `json:"family"`
	Type    string  `json:"type"`
	Size    int     `json:"size"`
	Columns int     `json:"columns"`
	Ratio   float32 `json:"ratio"`
	Count   uint32  `json:"count"`
}

// Caps are the capabilities that selection went by.
type Caps struct {
	SIMDMatrix     bool   `json:"simd_matrix"`
	SIMDReduction  bool   `json:"simd_reduction"`
	SIMDWidth      int    `json:"simd_width"`
	MaxThreadgroup int    `json:"max_threadgroup"`
	Scratch        int    `json:"scratch,omitempty"`
	Vendor         bool   `json:"vendor"`
	VendorHelp     string `json:"vendor_help,omitempty"`
	Fallback       string `json:"fallback,omitempty"`
}

// Prefs are the preferences that selection went by.
type Prefs struct {
	MatmulBackend     string `json:"matmul_backend"`
	SmallNMaxN        int    `json:"smalln_max_n"`
	SIMDMMin          int    `json:"simd_m_min"`
	SIMDNMin          int    `json:"simd_n_min"`
	ForceSmallN       bool   `json:"force_smalln"`
	SoftmaxBackend    string `json:"softmax_backend"`
	SoftmaxVecMaxCols int    `json:"softmax_vec_max_cols"`
	Experimental      bool   `json:"experimental"`
}

// copyFrom makes e an independent copy of src, reusing e's memory.
func (e *Event) copyFrom(src *Event) {
	shares := e.Shares[:0]
	*e = *src
	e.V = Version
	e.Shares = append(shares, src.Shares...)
}
