package ab

import "time"

// Report is what a contest found.
type Report struct {
	Unit        string        `json:"unit"`
	Better      int           `json:"better"` // 1: more is, -1: less is, 0: not known
	Seed        uint64        `json:"seed"`
	Alpha       float64       `json:"alpha"`
	Least       float64       `json:"least"`
	Pairs       int           `json:"pairs"` // of runs
	Looks       []Look        `json:"looks"`
	Elapsed     time.Duration `json:"elapsed_ns"` // with the first, uncounted pair
	Interrupted bool          `json:"interrupted"`
	Rows        []Row         `json:"rows"`
	LeftOut     []string      `json:"left_out,omitempty"` // rows, and why
	Lost        []Lost        `json:"lost,omitempty"`     // where either side lost jobs
}

// Look is when the numbers were looked at, and the part of alpha that it took.
type Look struct {
	Pairs int     `json:"pairs"`
	Level float64 `json:"level"`
}

// Count returns how many rows have a verdict.
func (r *Report) Count(is func(Verdict) bool) (n int) {
	for i := range r.Rows {
		if is(r.Rows[i].Verdict) {
			n++
		}
	}
	return n
}

func (r *Report) unsure() int { return r.Count(func(v Verdict) bool { return v == Unsure }) }

// PairTime is how long a run of either side took on average.
func (r *Report) PairTime() time.Duration { return r.Elapsed / time.Duration(r.Pairs+1) }
