package scheduler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Scheduler runs jobs on one device. Every method may be called from any
// goroutine.
type Scheduler struct {
	cfg      Config
	device   device.Device
	owned    bool // the device is ours to close
	plans    *policy.Cache
	kernels  *device.Cache
	ledger   *job.Ledger
	engine   *actors.Engine
	counters *metrics.Counters
	records  *recording // written all the time, unlike the rest

	operands atomic.Uint64 // ids given to operands
	loaded   sync.Map      // *Operand -> nothing: those not released
	turn     chan struct{} // holds one token: see waitForAll
	closed   atomic.Bool
	stopping chan struct{} // closed when Close begins
	done     chan struct{} // closed when Close has finished
	closeErr error
}

// Open starts a scheduler. ctx bounds the warm-up, from kernel to kernel; it is
// not kept. The error is a *ConfigError or *policy.PrefError for a wrong
// Config, or wraps device.ErrUnavailable.
func Open(ctx context.Context, cfg Config) (*Scheduler, error) {
	cfg = cfg.withDefaults()
	s := &Scheduler{
		cfg: cfg, device: cfg.Device, counters: metrics.NewCounters(),
		turn: make(chan struct{}, 1), stopping: make(chan struct{}), done: make(chan struct{}),
	}
	s.turn <- struct{}{}
	s.records = newRecording(&s.cfg, s.counters)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.records.close(ctx), s.closeDevice())
	}
	return s, nil
}

// openDevice opens the device that the Config names, if it does not bring one.
func (s *Scheduler) openDevice() error {
	if s.device != nil {
		return nil
	}
	d, err := discover.Open(s.cfg.DeviceName, discover.Config{BLAS: s.cfg.BLAS})
	if err == nil {
		s.device, s.owned = d, true
	}
	return err
}

func (s *Scheduler) start(ctx context.Context) error {
	if err := s.cfg.validate(); err != nil {
		return err
	}
	if err := s.openDevice(); err != nil {
		return err
	}
	info := s.device.Info()
	if err := s.cfg.Prefs.Validate(info.Caps, s.cfg.Catalog); err != nil {
		return err
	}
	s.plans = policy.NewCache(info.Caps, *s.cfg.Prefs, s.cfg.Catalog)
	s.kernels = device.NewCache(s.device, s.cfg.KernelCache)
	s.ledger = job.NewLedger(s.cfg.Limits)
	s.records.device = info.Backend
	if err := s.warm(ctx); err != nil {
		return err
	}
	cfg := actors.Config{
		Device: s.device, Ledger: s.ledger, Cache: s.kernels,
		Costs:  policy.NewCostModel(priorOf(info)),
		Tuning: policy.PickTuning{AgeStep: s.cfg.AgeStep},
		Shards: s.cfg.Shards, MaxColumns: s.cfg.MaxColumns, MaxJobs: maxJobs(s.cfg.NoBatching), MaxProblems: maxProblems,
		MaxTime: s.cfg.MaxBatchTime, GroupTime: groupTime, Handover: handover,
		Linger: s.cfg.Linger, InPlaceBytes: s.cfg.InPlaceBytes, Profile: s.cfg.Profile, Timed: s.cfg.Recorder != nil,
		Lend:     s.cfg.Recorder == nil, // which may lock what a caller holds
		Observer: s.records, Tracer: s.tracer(), Fault: s.cfg.fault,
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
		plan, err := s.plans.Plan(p)
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
			if _, _, err := s.kernels.Get(k); err != nil {
				return fmt.Errorf("scheduler: warm-up: %w", err)
			}
		}
	}
	return nil
}

// Close stops admission and finishes what was accepted. When ctx ends first
// the rest ends with job.ErrClosed, except what is being written in place,
// which is waited for. Operands are released. Closing again waits for the
// first Close and returns its error.
func (s *Scheduler) Close(ctx context.Context) error {
	if s.closed.CompareAndSwap(false, true) {
		close(s.stopping)
		err := s.engine.Close(ctx)
		s.loaded.Range(func(o, _ any) bool {
			o.(*Operand).Release()
			return true
		})
		s.closeErr = errors.Join(err, s.records.close(ctx), s.closeDevice())
		close(s.done)
	}
	<-s.done
	return s.closeErr
}

func (s *Scheduler) closeDevice() error {
	if !s.owned {
		return nil
	}
	return s.device.Close()
}

// Info describes the device that jobs run on.
func (s *Scheduler) Info() device.Info { return s.device.Info() }

// Audit returns how many jobs were submitted and how they ended.
func (s *Scheduler) Audit() job.Audit { return s.ledger.Audit() }

// TenantAudit returns one tenant's audit.
func (s *Scheduler) TenantAudit(tenant string) job.Audit { return s.ledger.Account(tenant).Audit() }

// KernelCache returns what the kernel cache has done so far.
func (s *Scheduler) KernelCache() device.CacheStats { return s.kernels.Stats() }

// WritePrometheus writes counters and histograms in the Prometheus text
// format.
func (s *Scheduler) WritePrometheus(w io.Writer) { s.counters.WritePrometheus(w) }

// expose publishes what is counted elsewhere.
func (s *Scheduler) expose() {
	gauge := func(name string, f func(job.Audit) int64) {
		s.counters.Func(name, func() float64 { return float64(f(s.Audit())) })
	}
	gauge("jobs_submitted_total", func(a job.Audit) int64 { return a.Submitted })
	gauge(`jobs_total{outcome="done"}`, func(a job.Audit) int64 { return a.Done })
	gauge(`jobs_total{outcome="failed"}`, func(a job.Audit) int64 { return a.Failed })
	gauge(`jobs_total{outcome="cancelled"}`, func(a job.Audit) int64 { return a.Cancelled })
	gauge(`jobs_total{outcome="expired"}`, func(a job.Audit) int64 { return a.Expired })
	gauge(`jobs_total{outcome="rejected"}`, func(a job.Audit) int64 { return a.Rejected })
	gauge("jobs_in_flight", func(a job.Audit) int64 { return a.InFlight })
	gauge("bytes_in_flight", func(a job.Audit) int64 { return a.Bytes })
	s.counters.Func("jobs_waiting", func() float64 { return float64(s.engine.Waiting()) })
	s.counters.Func("kernel_cache_hits_total", func() float64 { return float64(s.kernels.Stats().Hits) })
	s.counters.Func("kernel_cache_misses_total", func() float64 { return float64(s.kernels.Stats().Misses) })
	s.counters.Func("kernel_compile_seconds_total", func() float64 { return s.kernels.Stats().CompileTime.Seconds() })
}
