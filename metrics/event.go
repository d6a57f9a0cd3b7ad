package metrics

import "time"

// Event is the record of what the scheduler was told between batches: an
// arrival, a cancellation, a free slot. Together with the Decisions, in the
// order of Seq, they are all that a replay needs. Fields that a kind has no
// use for stay zero and are left out.
type Event struct {
	V    int       `json:"v"` // recorders write Version
	Kind Kind      `json:"kind"`
	Seq  uint64    `json:"seq"` // counted together with Decision.Seq
	Time time.Time `json:"time"`

	Job uint64 `json:"job,omitempty"` // arrival, cancel

	// Of an arrival.
	Op       string    `json:"op,omitempty"`
	Operand  uint64    `json:"operand,omitempty"` // the loaded operand, 0 for none
	Shape    Shape     `json:"shape,omitzero"`    // as written
	DTypes   DTypes    `json:"dtypes,omitzero"`
	Flags    Flags     `json:"flags,omitzero"`
	Tenant   string    `json:"tenant,omitempty"`
	Priority int       `json:"priority,omitempty"`
	Deadline time.Time `json:"deadline,omitzero"`

	// Of a slot.
	Device string `json:"device,omitempty"`
	Free   int    `json:"free,omitempty"` // slots free now
}
