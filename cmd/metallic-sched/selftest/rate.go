package selftest

import "time"

// Rate is one kernel's on one problem. GBs counts each operand once.
type Rate struct {
	Kernel string `json:"kernel"`
	Family string `json:"family"`
	Types  string `json:"types"`
	Shape  string `json:"shape"` // of A, M x K; of the rows of a softmax
	N      int    `json:"n,omitempty"`
	// Time is the median of Runs runs.
	Time    time.Duration `json:"time_ns"`
	Runs    int           `json:"runs"`
	GBs     float64       `json:"gb_per_s"`
	GFlops  float64       `json:"gflop_per_s,omitempty"`
	Skipped string        `json:"skipped,omitempty"`
	Error   string        `json:"error,omitempty"`
}

// set takes what was measured.
func (r *Rate) set(times []time.Duration, err error) {
	r.Time, r.Runs = median(times), len(times)
	if err != nil {
		r.Time, r.Error = 0, err.Error()
	}
}

// rateOf derives rates from the time.
func (r *Rate) rateOf(bytes, flops float64) { r.GBs, r.GFlops = per(bytes, r.Time), per(flops, r.Time) }
