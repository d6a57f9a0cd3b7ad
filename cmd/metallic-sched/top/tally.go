package top

import (
	"cmp"
	"slices"
	"sync"
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// Tally counts batches by kernel. The zero Tally is ready for use. Its methods
// may be called from any goroutine.
type Tally struct {
	mu      sync.Mutex
	kinds   map[kind]*count
	recent  []*pb.Decision // the newest last
	missed  uint64
	problem string
}

type kind struct{ op, backend, variant string }

type count struct {
	batches, jobs int64 // since the last Cut
	device        time.Duration
	allDevice     time.Duration // ever
	reason        string
}

// recentKept are the last batches that a frame can show.
const recentKept = 64

// Batches are what a Tally counted between two Cuts.
type Batches struct {
	Rate    float64 // batches in a second
	Mean    float64 // jobs of a batch
	Kernels []Kernel
	Recent  []*pb.Decision // the newest last
	Missed  uint64         // ever
	Problem string         // why there are no more; "" if there are
}

// Kernel is one kind of batch. The rates are 0 for those of earlier.
type Kernel struct {
	Op, Backend, Variant string
	Rate, Jobs, Mean     float64
	Busy                 float64
	Reason               string // of the last of them
}

// Add counts what a server sent.
func (t *Tally) Add(m *pb.DecisionsResponse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds = map[kind]*count{}
	}
	t.missed += m.GetDropped()
	for _, d := range m.GetDecisions() {
		k := kind{d.GetOp(), d.GetBackend(), d.GetVariant()}
		c := t.kinds[k]
		if c == nil {
			c = &count{}
			t.kinds[k] = c
		}
		c.batches++
		c.jobs += d.GetJobs()
		c.device += time.Duration(d.GetDeviceNs())
		c.allDevice += time.Duration(d.GetDeviceNs())
		c.reason = d.GetReason()
	}
	t.recent = append(t.recent, m.GetDecisions()...)
	t.recent = slices.Delete(t.recent, 0, max(len(t.recent)-recentKept, 0))
}

// Fail notes why no more batches come; "" when they do again.
func (t *Tally) Fail(problem string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problem = problem
}

// Cut returns what was counted in the time that elapsed since the last Cut, the
// kernels that took most device time first.
func (t *Tally) Cut(elapsed time.Duration) Batches {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := max(elapsed, time.Millisecond).Seconds()
	b := Batches{Recent: slices.Clone(t.recent), Missed: t.missed, Problem: t.problem}
	var batches, jobs int64
	for _, k := range t.order() {
		c := t.kinds[k]
		b.Kernels = append(b.Kernels, Kernel{
			Op: k.op, Backend: k.backend, Variant: k.variant, Reason: c.reason,
			Rate: float64(c.batches) / seconds, Jobs: float64(c.jobs) / seconds, Mean: mean(c.jobs, c.batches),
			Busy: c.device.Seconds() / seconds,
		})
		batches, jobs = batches+c.batches, jobs+c.jobs
		c.batches, c.jobs, c.device = 0, 0, 0
	}
	b.Rate, b.Mean = float64(batches)/seconds, mean(jobs, batches)
	return b
}

// order returns the kinds by the device time they ever took.
func (t *Tally) order() []kind {
	kinds := make([]kind, 0, len(t.kinds))
	for k := range t.kinds {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(x, y kind) int {
		return cmp.Or(cmp.Compare(t.kinds[y].allDevice, t.kinds[x].allDevice), cmp.Compare(x.op, y.op),
			cmp.Compare(x.backend, y.backend), cmp.Compare(x.variant, y.variant))
	})
	return kinds
}

func mean(sum, n int64) float64 {
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}
