package actors

import (
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
)

// Replay is what came of a replayed run.
type Replay struct {
	// Counts of what was in the trace: failures are batches that failed.
	Events, Arrivals, Cancels, Failures int

	Recorded, Replayed Tally
	// Different counts the slots for which something else was decided, and
	// Differences are the first of them, up to 10,000, in the order of slots.
	Different   int
	Differences []Difference
	// Moved counts the jobs that get another kernel by themselves, which is no
	// difference in what slots were used for. Of attentions the links are not
	// compared.
	Moved map[Move]int
	// Drained counts the slots made up at the end for jobs that were left over,
	// Left the units of jobs that even those did not finish.
	Drained, Left int
}

// Move is from the kernel that a job had in the trace to that which it has now.
type Move struct{ Recorded, Replayed Chosen }

// Chosen is what selection said of a job, such as smalln, N16, matmul_smalln_n16.
type Chosen struct{ Backend, Variant, Kernel string }

func chosen(p *kernels.Plan) Chosen { return Chosen{p.Family().String(), p.Variant(), p.Key.Kernel} }

// String is such as smalln/N16 (matmul_smalln_n16), or the backend alone where no
// more is known.
func (c Chosen) String() string {
	if c.Kernel == "" {
		return c.Backend
	}
	return c.Backend + "/" + c.Variant + " (" + c.Kernel + ")"
}

func newReplay() Replay {
	return Replay{
		Recorded: Tally{Reasons: map[string]int{}}, Replayed: Tally{Reasons: map[string]int{}}, Moved: map[Move]int{},
	}
}

// moved counts a job that had a backend, and was's kernel if that is known, and
// has that of now.
func (r *Replay) moved(backend string, was, now *kernels.Plan) {
	m := Move{Chosen{Backend: backend}, chosen(now)}
	if was != nil && was.Family().String() == backend {
		m.Recorded = chosen(was)
	} else if m.Replayed.Backend == backend {
		return // of another program: nobody knows which of its kernels it was
	}
	if m.Recorded != m.Replayed {
		r.Moved[m]++
	}
}

// Tally adds up batches. Device is measured, but for batches that were not
// recorded. Predicted is what a cost model that has seen all of the run says of
// each, to compare with, if there is one.
type Tally struct {
	Batches, Jobs, Columns int
	Device, Predicted      time.Duration
	Reasons                map[string]int // batches by why they were closed
}

// MeanJobs returns the jobs in a batch.
func (t *Tally) MeanJobs() float64 { return float64(t.Jobs) / float64(max(t.Batches, 1)) }

// add counts a batch, if there was one with any jobs.
func (t *Tally) add(c *Choice, took, predicted time.Duration) {
	if c == nil || len(c.Shares) == 0 {
		return
	}
	t.Batches++
	t.Jobs += len(c.Shares)
	t.Columns += c.Columns
	t.Device += took
	t.Predicted += predicted
	t.Reasons[c.CloseReason]++
}

// Choice is what was decided for one slot: what to run next, and how much.
type Choice struct {
	Slot                           uint64
	At                             time.Duration // since the trace began
	Picked                         string        // why, empty for a retry
	Class, MaxColumns, MaxProblems int
	CloseReason                    string
	Attempt, Columns, Problems     int
	Shares                         []metrics.Share
}

func (c *Choice) pick(e *metrics.Event) {
	c.Picked, c.Class, c.MaxColumns, c.MaxProblems = e.Picked, e.Class, e.MaxColumns, e.MaxProblems
}

func (c *Choice) form(e *metrics.Event) {
	c.CloseReason, c.Attempt, c.Columns, c.Problems = e.CloseReason, e.Attempt, e.Columns, e.Problems
	c.Shares = slices.Clone(e.Shares)
}

func (c *Choice) equal(o *Choice) bool {
	if c == nil || o == nil {
		return c == o
	}
	return c.Slot == o.Slot && c.At == o.At && c.Picked == o.Picked && c.Class == o.Class &&
		c.CloseReason == o.CloseReason && c.Attempt == o.Attempt &&
		c.Columns == o.Columns && c.Problems == o.Problems && slices.Equal(c.Shares, o.Shares)
}

// limited reports whether two choices that are equal had the same limits.
func (c *Choice) limited(o *Choice) bool {
	return c == nil || c.MaxColumns == o.MaxColumns && c.MaxProblems == o.MaxProblems
}

// Difference is a slot for which the replay decided otherwise than the trace;
// nil where it decided nothing.
type Difference struct{ Recorded, Replayed *Choice }

func (d *Difference) slot() uint64 {
	if d.Recorded != nil {
		return d.Recorded.Slot
	}
	return d.Replayed.Slot
}

const maxDifferences = 10_000

// compare notes a slot for which something else was decided. Limits alone make
// a difference only where none may be.
func (r *Replay) compare(s *slot, strict bool) {
	if s.here.equal(s.there) && (!strict || s.here.limited(s.there)) {
		return
	}
	if r.Different++; r.Different <= maxDifferences {
		r.Differences = append(r.Differences, Difference{s.there, s.here})
	}
}

// drift is how far the replay's batches are from the recorded ones by now.
type drift struct {
	units  map[uint64]int // by job: handed out here less those there
	behind int            // sum of those that are less
	slots  int            // used here less those there
}

// is reports whether the two stand at different points.
func (d *drift) is() bool { return d.slots != 0 || len(d.units) > 0 }

// add counts what was handed out here (sign 1) or there (-1). A retry hands
// out nothing.
func (d *drift) add(shares []metrics.Share, sign int) {
	for _, s := range shares {
		before := d.units[s.Job]
		after := before + sign*max(s.To-s.From, 1)
		d.behind += max(-after, 0) - max(-before, 0)
		if after == 0 {
			delete(d.units, s.Job)
		} else {
			d.units[s.Job] = after
		}
	}
}
