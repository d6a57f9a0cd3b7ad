package fleet

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Fleet runs jobs on several devices. Its methods may be called from any
// goroutine; what each promises stands at *scheduler.Scheduler.
type Fleet struct {
	common   *scheduler.Common
	members  []*member
	of       map[*scheduler.Scheduler]*member
	tuning   policy.PlaceTuning
	journal  *journal
	mostHost int64           // see Config.HostBytes
	retuning chan struct{}   // holds one token: serialises Retune
	moves    context.Context // of jobs that move to another device, until strand
	strand   func()

	mu       sync.Mutex // guards what follows, and what says so
	operands map[*Operand]struct{}
	ids      uint64 // given to operands
	host     int64  // bytes of the copies in the host's memory
	closed   bool
	copying  errands        // that no job waits for
	moving   sync.WaitGroup // jobs that move to another device

	closing *job.Closing
}

var _ scheduler.Service = (*Fleet)(nil)

// Open starts a fleet. ctx bounds the warm-up; it is not kept. The error is as
// of scheduler.Open; then nothing is open.
func Open(ctx context.Context, cfg Config) (*Fleet, error) {
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	j := newJournal(cfg.Scheduler.Recorder, cfg.Scheduler.CloseRecorder)
	if err := cfg.check(); err != nil {
		return nil, errors.Join(err, j.close(ctx))
	}
	if l := cfg.Scheduler.Logger; l != nil {
		metrics.LogTo(cfg.Scheduler.Recorder, l)
	}
	f := &Fleet{
		common: scheduler.NewCommon(cfg.Scheduler), of: map[*scheduler.Scheduler]*member{},
		tuning: policy.DefaultPlaceTuning(), operands: map[*Operand]struct{}{}, journal: j,
		closing:  job.NewClosing(),
		retuning: make(chan struct{}, 1),
	}
	f.retuning <- struct{}{}
	moves, cancel := context.WithCancelCause(context.Background())
	f.moves, f.strand = moves, func() { cancel(job.ErrClosed) }
	if cfg.Place != nil {
		f.tuning = *cfg.Place
	}
	if err := f.open(ctx, &cfg); err != nil {
		return nil, errors.Join(err, f.closeMembers(ctx), f.journal.close(ctx))
	}
	if f.mostHost = cfg.HostBytes; f.mostHost == 0 {
		for _, m := range f.members {
			f.mostHost += min(m.most, math.MaxInt64-f.mostHost)
		}
	}
	f.expose()
	return f, nil
}

func (f *Fleet) open(ctx context.Context, cfg *Config) error {
	list, err := cfg.members(f)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return &scheduler.ConfigError{Field: "Devices", Got: "none", Allowed: "at least one"}
	}
	for i := range list {
		s, err := scheduler.Open(ctx, list[i])
		if err != nil {
			return err
		}
		m := newMember(i, list[i].Member.Device, s, cfg.OperandBytes)
		f.members = append(f.members, m)
		f.of[s] = m
	}
	return nil
}

// Close stops admission and finishes what was accepted, on all devices at once.
// Otherwise it is like a scheduler's.
func (f *Fleet) Close(ctx context.Context) error {
	return f.closing.DoAfter(ctx, func() (<-chan struct{}, error) {
		f.mu.Lock()
		f.closed = true
		copied := f.copying.end()
		f.mu.Unlock()
		stop := context.AfterFunc(ctx, f.strand)
		f.moving.Wait() // a closed scheduler takes none
		stop()
		return copied, f.closeMembers(ctx)
	}, func() error {
		f.strand()
		err := f.closeMembers(context.Background()) // none waits any more
		f.releaseAll()
		return errors.Join(err, f.journal.close(ctx))
	})
}

// closeMembers closes those without a device first, as far as ctx allows: jobs
// in their books run on the others.
func (f *Fleet) closeMembers(ctx context.Context) error {
	errs, first := make([]error, len(f.members)), make([]bool, len(f.members))
	var all, lost sync.WaitGroup
	for i, m := range f.members {
		if first[i] = m.s.Lost(); first[i] { // asked once: the answer may change
			lost.Go(func() { errs[i] = m.s.Close(ctx) })
		}
	}
	gone := make(chan struct{})
	all.Go(func() {
		lost.Wait()
		close(gone)
	})
	select {
	case <-gone:
	case <-ctx.Done():
	}
	for i, m := range f.members {
		if !first[i] {
			all.Go(func() { errs[i] = m.s.Close(ctx) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

// Audit returns how many jobs were submitted and how they ended, on all devices
// together.
func (f *Fleet) Audit() job.Audit { return f.common.Ledger.Audit() }

// TenantAudit returns one tenant's audit.
func (f *Fleet) TenantAudit(tenant string) job.Audit { return f.common.Ledger.Account(tenant).Audit() }

// DeviceTime returns the time that a tenant's jobs have used of all devices.
func (f *Fleet) DeviceTime(tenant string) time.Duration {
	return f.common.Ledger.Account(tenant).Used()
}

// Tenants returns every tenant that has submitted a job, by name.
func (f *Fleet) Tenants() []scheduler.Tenant { return f.common.Tenants() }

// Prefs returns the preferences by which jobs get their kernels at the moment.
func (f *Fleet) Prefs() policy.Prefs { return f.members[0].s.Prefs() }

// Retune changes them on every device. When one cannot follow they are as they
// were.
func (f *Fleet) Retune(prefs policy.Prefs) error {
	<-f.retuning
	defer func() { f.retuning <- struct{}{} }()
	before := f.Prefs()
	for i, m := range f.members {
		if err := m.s.Retune(prefs); err != nil {
			for _, done := range f.members[:i] {
				err = errors.Join(err, done.s.Retune(before))
			}
			return err
		}
	}
	return nil
}

// WritePrometheus writes counters and histograms of all devices in the
// Prometheus text format: what is one device's has the label device.
func (f *Fleet) WritePrometheus(w io.Writer) { f.common.Counters.WritePrometheus(w) }
