package loadtest

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Version is the version of the records.
const Version = 1

// The kinds of records.
const (
	KindRun    = "run"    // a run begins: its first record
	KindWindow = "window" // what happened in a stretch of time
	KindStage  = "stage"  // a stage has ended
	KindEnd    = "end"    // a run has ended: its last record
)

// Record is one line of a run's raw results. Of the fields that point one is
// set, as Kind says.
type Record struct {
	V    int    `json:"v"`
	Kind string `json:"kind"`

	Run    *RunInfo  `json:"run,omitempty"`
	Window *Window   `json:"window,omitempty"`
	Stage  *StageEnd `json:"stage,omitempty"`
	End    *RunEnd   `json:"end,omitempty"`
}

// RunInfo says what was run, where and how.
type RunInfo struct {
	Name    string            `json:"name"`
	Time    time.Time         `json:"time"`
	Program string            `json:"program"`
	Device  string            `json:"device"`
	CPUs    int               `json:"cpus"`
	Env     map[string]string `json:"env,omitempty"` // the variables that steer it

	Mix       string   `json:"mix"`
	Kinds     []string `json:"kinds"`
	Loop      string   `json:"loop"` // open, closed, trace
	Arrivals  string   `json:"arrivals,omitempty"`
	Seed      uint64   `json:"seed"`
	Objective string   `json:"objective,omitempty"`
	Note      string   `json:"note,omitempty"` // what to know of the load

	Warmup   time.Duration `json:"warmup_ns"`
	Window   time.Duration `json:"window_ns"`
	InFlight int           `json:"in_flight"` // at most
	Late     time.Duration `json:"late_ns"`   // from where on a send is late
	MaxLag   float64       `json:"max_lag"`   // the part of the latency that the lag may be
}

// Window is what happened in a stretch of time. A job counts where it ended,
// its send where it was sent.
type Window struct {
	Stage  int           `json:"stage"` // from 0
	Index  int           `json:"index"`
	Start  time.Duration `json:"start_ns"` // since the stage began
	Length time.Duration `json:"length_ns"`
	Warm   bool          `json:"warm,omitempty"`  // part of the warm-up
	Drain  bool          `json:"drain,omitempty"` // nothing is sent any more

	Sent     int64     `json:"sent"`
	Late     int64     `json:"late,omitempty"`
	Lag      Histogram `json:"lag,omitzero"` // from when a job was due to when it was sent
	WarmJobs int64     `json:"warm_jobs,omitempty"`
	InFlight int64     `json:"in_flight"` // at the end

	Kinds   []KindCount   `json:"kinds,omitempty"`
	Tenants []TenantCount `json:"tenants,omitempty"`
	Batches []BatchCount  `json:"batches,omitempty"`
}

// KindCount counts the jobs of a kind that ended, without those of the warm-up.
type KindCount struct {
	Kind string `json:"kind"`
	Outcomes
	// Latency of the jobs that were done: from when they were due, and from
	// when they were sent.
	Intended Histogram `json:"intended,omitzero"`
	Actual   Histogram `json:"actual,omitzero"`
}

// Outcomes counts how jobs ended.
type Outcomes struct {
	Done      int64 `json:"done"`
	Failed    int64 `json:"failed,omitempty"`
	Expired   int64 `json:"expired,omitempty"`
	Full      int64 `json:"full,omitempty"`      // refused for want of room
	Refused   int64 `json:"refused,omitempty"`   // for any other reason
	Cancelled int64 `json:"cancelled,omitempty"` // as the mix asked for
	Malformed int64 `json:"malformed,omitempty"` // refused, as it should be
}

func (o *Outcomes) add(p Outcomes) {
	o.Done += p.Done
	o.Failed += p.Failed
	o.Expired += p.Expired
	o.Full += p.Full
	o.Refused += p.Refused
	o.Cancelled += p.Cancelled
	o.Malformed += p.Malformed
}

// Lost returns the jobs that should have been done and were not.
func (o Outcomes) Lost() int64 { return o.Failed + o.Expired + o.Full + o.Refused }

// TenantCount counts the jobs of a tenant that ended.
type TenantCount struct {
	Tenant  string    `json:"tenant"`
	Jobs    int64     `json:"jobs"`
	Asked   float64   `json:"asked"`  // the work of those jobs, in floating-point operations
	Served  float64   `json:"served"` // of those that were done
	Latency Histogram `json:"latency,omitzero"`
}

// BatchCount counts like batches that a scheduler ran.
type BatchCount struct {
	Variant string        `json:"variant"`
	Close   string        `json:"close"` // why the batch was closed
	Jobs    int           `json:"jobs"`  // in each batch
	Count   int64         `json:"count"`
	Device  time.Duration `json:"device_ns"` // of all
}

// StageEnd says what a stage was, as a whole.
type StageEnd struct {
	Stage   int           `json:"stage"`
	Name    string        `json:"name"`
	Rate    float64       `json:"rate,omitempty"` // jobs a second asked for; 0 in a closed loop
	Callers int           `json:"callers,omitempty"`
	Length  time.Duration `json:"length_ns"`
	Due     int64         `json:"due"`     // jobs that should have been sent
	Sent    int64         `json:"sent"`    // jobs that were
	Last    time.Duration `json:"last_ns"` // when the last was sent
	Waited  int64         `json:"waited,omitempty"`
	// The stage was to go on until it was stable, for a while.
	UntilStable bool `json:"until_stable,omitempty"`
}

// RunEnd says whether the results were right.
type RunEnd struct {
	Interrupted bool   `json:"interrupted,omitempty"`
	Unchecked   string `json:"unchecked,omitempty"` // why results were not checked
	Checked     int64  `json:"checked"`             // values compared with a reference
	Wrong       int64  `json:"wrong"`
	WrongFirst  string `json:"wrong_first,omitempty"`
	FailedFirst string `json:"failed_first,omitempty"`

	Audit      *job.Audit `json:"audit,omitempty"`       // of the jobs of this run, by whoever ran them
	AuditWrong string     `json:"audit_wrong,omitempty"` // how it disagrees with what was sent
	Dropped    int64      `json:"dropped,omitempty"`     // decisions that were not seen
}
