package suite

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Runner runs Works on a scheduler. It is used by one goroutine.
type Runner struct {
	cfg    Config
	main   *scheduler.Scheduler
	legacy *scheduler.Scheduler // whose catalog has no other softmax; opened when first needed
	prefs  policy.Prefs         // the user's
}

// Config says how a Runner runs.
type Config struct {
	// Scheduler is that of the scheduler; its Prefs are used for Auto. If it has
	// a Device, Legacy runs on that device too.
	Scheduler scheduler.Config
	// Memory is what one Work may take; larger ones are skipped. Default 2 GiB.
	Memory int64
	// Slowest is what one operation may take; slower ones are skipped. Default:
	// any time.
	Slowest time.Duration
	// Seed of the numbers in operands. Default 0, a seed like any other.
	Seed uint64
}

const defaultMemory = 2 << 30

// Open opens a scheduler to run on. The error is that of scheduler.Open.
func Open(ctx context.Context, cfg Config) (*Runner, error) {
	if cfg.Memory == 0 {
		cfg.Memory = defaultMemory
	}
	s, err := scheduler.Open(ctx, cfg.Scheduler)
	if err != nil {
		return nil, err
	}
	return &Runner{cfg: cfg, main: s, prefs: s.Prefs()}, nil
}

// Info describes the device.
func (r *Runner) Info() device.Info { return r.main.Info() }

// Computes reports whether the device computes at all, so that results can be
// checked: the sim device does not.
func (r *Runner) Computes() bool { return r.Info().Backend != "sim" }

// Close ends what Open began.
func (r *Runner) Close(ctx context.Context) error {
	var err error
	if r.legacy != nil { // first: the other may close a recorder that both have
		err = r.legacy.Close(ctx)
	}
	return errors.Join(err, r.main.Close(ctx))
}

// on returns the scheduler that b's jobs run on.
func (r *Runner) on(ctx context.Context, b Backend) (*scheduler.Scheduler, error) {
	if b != Legacy {
		return r.main, nil
	}
	if r.legacy != nil {
		return r.legacy, nil
	}
	cfg := r.cfg.Scheduler
	if cfg.Catalog == nil {
		cfg.Catalog = kernels.Default
	}
	cfg.Catalog, cfg.CloseRecorder = legacyOnly(cfg.Catalog), false
	prefs := r.prefs
	prefs.SoftmaxBackend = policy.SoftmaxAuto
	cfg.Prefs = &prefs
	s, err := scheduler.Open(ctx, cfg)
	r.legacy = s
	return s, err
}

// marker is the tenant of the Runner's own jobs.
const marker = "suite-marker"

// settle returns when the device has accounted for what came before: a job
// submitted now ends after that. It is a softmax of one column, which no Work
// has, so that it can be told apart.
func settle(s *scheduler.Scheduler) error {
	return s.Do(context.Background(), &job.Softmax{
		X: tensor.Vector([]float32{1}), Options: job.Options{Tenant: marker, Priority: job.Low},
	})
}

// account is what a scheduler has counted.
type account struct {
	totals []metrics.Total
	device time.Duration
}

func accountOf(s *scheduler.Scheduler) (account, error) {
	err := settle(s)
	return account{s.Totals(), s.DeviceTime("")}, err
}

// since returns what was counted after an earlier account, markers left out.
func (a account) since(b account) account {
	var grown []metrics.Total
	for _, t := range a.totals {
		if i := slices.IndexFunc(b.totals, func(o metrics.Total) bool {
			return o.Op == t.Op && o.Backend == t.Backend && o.Variant == t.Variant && o.CloseReason == t.CloseReason
		}); i >= 0 {
			t.Batches -= b.totals[i].Batches
			t.Jobs -= b.totals[i].Jobs
			t.Columns -= b.totals[i].Columns
		}
		if t.Batches > 0 && t.Variant != "w1" {
			grown = append(grown, t)
		}
	}
	return account{grown, a.device - b.device}
}
