package decode

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Lane is one scheduler with sequences of its own. Lanes made with the same
// seed replay the same sequences.
type Lane struct {
	scheduler scheduler.Service
	tally     *tally
	sequences []*sequence
	fit       Fit
	model     Model
	check     *checker // nil: the device computes nothing
	elapsed   time.Duration
}

// OpenLane opens a scheduler whose decisions the lane counts, or with several
// devices a fleet of them. They go to the recorder of cfg as well.
func OpenLane(ctx context.Context, cfg scheduler.Config, devices ...fleet.Device) (*Lane, error) {
	l := &Lane{tally: newTally()}
	if cfg.Recorder == nil {
		cfg.Recorder = l.tally
	} else {
		cfg.Recorder = metrics.Multi{l.tally, cfg.Recorder}
	}
	s, err := fleet.OpenOn(ctx, cfg, devices)
	if err != nil {
		return nil, err
	}
	l.scheduler = s
	if s.Info().Backend != "sim" {
		l.check = &checker{}
	}
	return l, nil
}

// Scheduler returns the lane's scheduler.
func (l *Lane) Scheduler() scheduler.Service { return l.scheduler }

// Start makes the lane's sequences. lane is its place among those that the
// weights were loaded into.
func (l *Lane) Start(w *Weights, fit Fit, lane, sequences int, seed uint64) error {
	history, err := NewRandom(w.model, w.dtype, mix(seed))
	if err != nil {
		return err
	}
	l.fit, l.model = fit, w.model
	for i := range sequences {
		l.sequences = append(l.sequences, newSequence(w, history, lane, uint64(i)))
	}
	return nil
}

// Run lets every sequence go on from where it was left, for some time but until
// one job is answered at least, or until the context ends. A job that has not
// been answered then is cancelled and submitted again by the next Run. The
// error is that of a job, or of a wrong result.
func (l *Lane) Run(ctx context.Context, d time.Duration) error {
	// Not a deadline: the scheduler would hurry for it.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	first := make(chan struct{})
	defer time.AfterFunc(d, func() {
		select {
		case <-first:
			stop()
		case <-ctx.Done():
		}
	}).Stop()
	answered := sync.OnceFunc(func() { close(first) })
	start := time.Now()
	var all sync.WaitGroup
	var failure atomic.Pointer[error]
	for i, s := range l.sequences {
		all.Go(func() {
			if err := l.drive(ctx, s, answered); err != nil {
				err = fmt.Errorf("sequence %d: %w", i, err)
				failure.CompareAndSwap(nil, &err)
				stop()
			}
		})
	}
	all.Wait()
	idle := l.wait()
	l.elapsed += time.Since(start)
	if err := failure.Load(); err != nil {
		return *err
	}
	return idle
}

// waiter is the tenant of the jobs that a lane submits on its own account.
const waiter = "waiter"

// wait returns when the device has ended what the lane gave it, wanted or not:
// a job submitted now comes after that.
func (l *Lane) wait() error {
	one := func() tensor.View { return tensor.Vector([]float32{1}) }
	return l.scheduler.Do(context.Background(), &job.Matmul{
		A: one(), B: one(), C: one(), Options: job.Options{Tenant: waiter, Priority: job.Low},
	})
}

// drive runs one sequence, job by job, and tells of each.
func (l *Lane) drive(ctx context.Context, s *sequence, answered func()) error {
	for ctx.Err() == nil {
		start := time.Now()
		err := l.scheduler.Do(ctx, s.next())
		if err != nil && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%v: %w", s.kind, err)
		}
		l.tally.done(s.kind, s.model.flops(s.kind, s.length), time.Since(start))
		answered()
		if l.check != nil {
			if err := l.check.sample(s); err != nil {
				return err
			}
		}
		s.advance()
	}
	return nil
}

// Close ends the lane's scheduler.
func (l *Lane) Close(ctx context.Context) error { return l.scheduler.Close(ctx) }

// Progress returns the jobs answered and the batches run so far. It may be
// called from any goroutine.
func (l *Lane) Progress() (jobs int64, batches BatchSum) {
	for _, s := range l.tally.batchSums() {
		batches.Add(s)
	}
	return l.tally.jobs(), batches
}

// Summary is what a lane has done.
type Summary struct {
	Elapsed  time.Duration
	Jobs     int64
	Flops    int64
	PerToken int64 // operations of one token
	Kinds    []KindSum
	Batches  map[BatchKind]BatchSum
	Checked  int64     // values compared with their reference
	Audit    job.Audit // of the sequences' jobs
	All      job.Audit // of these and the lane's own
}

// Summary returns what the lane has done. It is for after Close.
func (l *Lane) Summary() Summary {
	s := Summary{
		Elapsed: l.elapsed, PerToken: l.model.perToken(l.fit),
		Kinds: l.tally.kindSums(), Batches: l.tally.batchSums(), Audit: l.scheduler.TenantAudit(""), All: l.scheduler.Audit(),
	}
	for _, k := range s.Kinds {
		s.Jobs += k.Jobs
		s.Flops += k.Flops
	}
	if l.check != nil {
		s.Checked = l.check.values.Load()
	}
	return s
}

// Balance returns what is wrong with the books: every job submitted must have
// ended once, and those that ended well are those that were answered.
func (s *Summary) Balance() error {
	a := s.Audit
	if !a.Balances() || !s.All.Balances() || s.All.InFlight != 0 || a.Done != s.Jobs {
		return fmt.Errorf("audit: it does not balance: %+v, in all %+v, with %d jobs answered", a, s.All, s.Jobs)
	}
	return nil
}
