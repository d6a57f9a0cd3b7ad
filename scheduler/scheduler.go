package scheduler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Scheduler runs jobs on one device. Every method may be called from any
// goroutine.
type Scheduler struct {
	cfg    Config
	home   atomic.Pointer[home]
	prefs  atomic.Pointer[policy.Prefs] // of the moment; changed while moving is held
	ledger *job.Ledger
	// quarantine says which jobs are bound to fail; nil when it is turned off.
	quarantine *policy.Quarantine
	engine     *actors.Engine
	counters   *metrics.Counters
	forecast   *forecast
	records    *recording // written all the time, unlike the rest

	operands atomic.Uint64 // ids given to operands
	loaded   sync.Map      // *Operand -> nothing: those not released
	copies   sync.Map      // *copyOf -> nothing: those not freed
	moving   gate          // held while copies move to another home
	loads    users         // Loads and Updates, which Close waits for
	turn     chan struct{} // holds one token: see waitForAll
	closed   atomic.Bool
	stale    error         // why the Config's profile is not used
	stopping chan struct{} // closed when Close begins
	closing  *job.Closing
}

// Open starts a scheduler. ctx bounds the warm-up, from kernel to kernel; it is
// not kept. The error is a *ConfigError or *policy.PrefError for a wrong
// Config, wraps device.ErrUnavailable, or is a *job.InvalidError for a nil ctx.
func Open(ctx context.Context, cfg Config) (*Scheduler, error) {
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Scheduler{
		cfg: cfg, moving: newGate(), turn: newTurn(), stopping: make(chan struct{}), closing: job.NewClosing(),
	}
	if m := cfg.Member; m != nil {
		s.counters, s.turn = m.Counters.With("device", m.Device), m.turn
	} else {
		s.counters = metrics.NewCounters()
	}
	s.records = newRecording(&s.cfg, s.counters)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.records.close(ctx), s.leave())
	}
	return s, nil
}

func (s *Scheduler) start(ctx context.Context) error {
	if err := s.cfg.validate(); err != nil {
		return err
	}
	if err := s.openHome(); err != nil {
		return err
	}
	h := s.home.Load()
	info := h.device.Info()
	s.ledger = s.cfg.ledger()
	if err := s.foresee(info); err != nil {
		return err
	}
	if s.cfg.Quarantine.Failures > 0 {
		s.quarantine = policy.NewQuarantine(s.cfg.Quarantine)
	}
	s.records.device = s.cfg.deviceName(info.Backend)
	if err := s.warm(ctx); err != nil {
		return err
	}
	costs, err := s.costs(info)
	if err != nil {
		return err
	}
	cfg := actors.Config{
		Device: h.device, Ledger: s.ledger, Cache: h.kernels,
		Costs:  costs,
		Tuning: policy.PickTuning{AgeStep: s.cfg.AgeStep}, Weights: s.cfg.Weights,
		Shards: s.cfg.Shards, MaxColumns: s.cfg.MaxColumns, MaxJobs: maxJobs(s.cfg.NoBatching), MaxProblems: maxProblems,
		MaxTime: s.cfg.MaxBatchTime, GroupTime: groupTime, Handover: handover,
		QueueDepth: s.cfg.QueueDepth, Linger: s.cfg.Linger, InPlaceBytes: cmp.Or(s.cfg.InPlaceBytes, DefaultInPlaceBytes), Profile: s.cfg.Profile, Timed: s.cfg.Recorder != nil,
		Quarantine: s.quarantine, Sample: policy.NewSampler(s.cfg.SampleInvariance, s.cfg.SampleSeed),
		Lend:     s.cfg.Recorder == nil, // which may lock what a caller holds
		Observer: s.records, Tracer: s.tracer(), Fault: s.cfg.fault, Landing: s.cfg.landing,
		Watchdog: s.watchdog(), Reopen: s.reopener(), Notify: s.records.notify,
		Refuge: s.refuge(),
	}
	if s.cfg.Trace {
		s.traceSetup(&cfg, info)
	}
	engine, err := actors.Open(cfg)
	if err != nil {
		return err
	}
	s.engine = engine
	s.expose()
	return nil
}

func (s *Scheduler) watchdog() policy.Watchdog {
	w := policy.DefaultWatchdog()
	w.Floor = s.cfg.HangAfter
	return w
}

const (
	maxProblems = 256
	// groupTime is worth many hand-overs and too short for anybody to wait for.
	groupTime = 200 * time.Microsecond
	// handover is what forming, binding and committing a batch takes.
	handover = 20 * time.Microsecond
)

// warm compiles the kernels of the problems that the Config lists.
func (s *Scheduler) warm(ctx context.Context) error {
	for _, p := range s.cfg.Warm {
		plan, err := s.home.Load().plans.Plan(p)
		if err != nil {
			return fmt.Errorf("scheduler: warm-up: %w", err)
		}
		keys := []kernels.Key{plan.Key}
		if plan.Row.Family == kernels.FamilySmallN { // batches grow through all buckets
			for _, b := range []kernels.Bucket{kernels.N1, kernels.N2, kernels.N4, kernels.N8, kernels.N16} {
				keys = append(keys, policy.KeyForColumns(plan, int(b), p.BetaNonZero, p.Bias))
			}
		}
		for _, k := range keys {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("scheduler: warm-up: %w", err)
			}
			if _, _, err := s.home.Load().kernels.Get(k); err != nil {
				return fmt.Errorf("scheduler: warm-up: %w", err)
			}
		}
	}
	return nil
}

// Close stops admission and finishes what was accepted. When ctx ends first
// the rest ends with job.ErrClosed, except what is being written in place,
// which is waited for. Then operands are released, as soon as no Load and no Update
// runs. Those are waited for as long as ctx allows: the error says when one goes on,
// and the rest happens after it. Closing again waits for all that and returns its
// error, or waits no longer than its own ctx.
//
// A device of the Config must not be closed yet while a Load goes on, nor when the
// error is job.ErrHung: a device that hung has not let go of all it was given. One of
// ours is closed when it does.
func (s *Scheduler) Close(ctx context.Context) error {
	var err error
	return s.closing.DoAfter(ctx, func() (<-chan struct{}, error) {
		s.closed.Store(true)
		close(s.stopping)
		err = errors.Join(s.engine.Close(ctx), s.records.close(ctx))
		loaded := make(chan struct{})
		s.loads.end(func() { close(loaded) })
		return loaded, err
	}, func() error {
		s.loaded.Range(func(o, _ any) bool {
			o.(*Operand).Release()
			return true
		})
		return errors.Join(err, s.leave())
	})
}

// Info describes the device that jobs run on.
func (s *Scheduler) Info() device.Info { return s.home.Load().device.Info() }

// Audit returns how many jobs were submitted and how they ended.
func (s *Scheduler) Audit() job.Audit { return s.ledger.Audit() }

// TenantAudit returns one tenant's audit.
func (s *Scheduler) TenantAudit(tenant string) job.Audit { return s.ledger.Account(tenant).Audit() }

// DeviceTime returns the device time that a tenant's jobs have used: of a
// batch with others a share by columns.
func (s *Scheduler) DeviceTime(tenant string) time.Duration { return s.ledger.Account(tenant).Used() }

// KernelCache returns what the kernel cache has done so far.
func (s *Scheduler) KernelCache() device.CacheStats { return s.home.Load().stats() }
