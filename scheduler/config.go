package scheduler

import (
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// Config says how a Scheduler runs. The zero Config is ready for use: the best
// device found, the specified selection, no linger, nothing recorded.
type Config struct {
	// Device runs the batches. The scheduler does not close it. Nil: the
	// scheduler opens the device named by DeviceName and closes it itself.
	Device device.Device
	// DeviceName is auto or the name of a kind of device: metal, cuda, cpu,
	// sim; or of one of several, such as cuda:1. Default auto: the best one found.
	// Several at once are for package fleet.
	DeviceName string
	// BLAS is the cpu device's library for the mps backend: a file name or
	// path, or "none". Default "": the first that is found of the usual ones
	// (OpenBLAS, BLIS, MKL; Accelerate on macOS). It is not used for a Device
	// that is given. Where it is, or would be as a Fallback, one that is named
	// and cannot be used fails Open with a *blas.LibraryError.
	BLAS string
	// Metal is the library of the metal device: "" for that of macOS, or
	// "simulated", which runs shaders on the processor, for tests, on Linux.
	// It is not used for a Device that is given.
	Metal string

	// Tuning is what `metallic-sched tune` measured of this device: its
	// thresholds, queue depth and linger take the place of defaults, and the
	// cost model starts from its times instead of guesses. Prefs count more, as
	// they stand, and QueueDepth and Linger that are not 0; of Prefs that
	// FromEnv made, what variables say. A profile of another device, machine or
	// version of this program is not used: Open logs a warning, and
	// [Scheduler.Tuning] says why. Default: none.
	Tuning *profile.Profile
	// Prefs steer which kernel a job gets. Default policy.DefaultPrefs(), with
	// the thresholds of Tuning.
	Prefs *policy.Prefs
	// Catalog is the table of kernels to choose from. Default kernels.Default.
	Catalog kernels.Catalog

	// Limits bound the jobs and bytes in flight, in all and by tenant. A job
	// over a limit is refused with job.ErrQueueFull, or waits if it asked to.
	// Default: 4,000,000 jobs and 8 GiB in all, no limit by tenant.
	Limits job.Limits

	// Weights are tenants' shares of device time relative to each other, by
	// name, from 0.001 to 1000. While tenants of one priority have work waiting
	// each gets device time in proportion to its weight, however much it has
	// queued: the time that its jobs took, of a batch with others by columns.
	// Who asked for nothing has saved up nothing. So a job of a tenant that has
	// nothing else waiting is in the next batch of its operand, before any that
	// holds only jobs of tenants who had more: it waits for what the device is
	// at (MaxBatchTime) and is done with the batch after it. Others in the same
	// position, with operands of other shapes, may come before it with a batch
	// each. Default 1 for every tenant that is not there.
	Weights map[string]float64
	// Quarantine refuses jobs that are bound to fail: those of a tenant with the
	// loaded operand, kernel and shape of jobs of its that failed alone, by
	// their own fault, again and again. They get a *job.QuarantinedError until
	// a cool-off is over; a success clears all. Losses of the device, hangs and
	// want of memory are nobody's fault. Default
	// policy.DefaultQuarantineTuning(), field by field: 3 failures within 10 s
	// without a success, a cool-off of 1 s that doubles up to 1 min. Failures
	// may be up to 1000; a negative number turns quarantine off.
	Quarantine policy.QuarantineTuning
	// SampleInvariance is the fraction of jobs, from 0 to 1, that are run again
	// alone after their batch to compare the bits of their results, as far as
	// their kernel promises that those do not depend on the batch. A caller
	// gets the batch's result, and later than others by the second run, which
	// no tenant is charged for. Mismatches are counted, logged as errors and
	// recorded. Jobs that ran alone anyway are left out, and so are those that
	// are cut or written in place. A second run comes before what waits and
	// takes the device as long as a job alone, which may be as long as the whole
	// batch: 0.001 is much. Default 0: none, at no cost.
	SampleInvariance float64
	// SampleSeed makes SampleInvariance choose other jobs: it takes those at
	// the same places of the order in which jobs are batched as long as it
	// stays the same. Default 0, a seed like any other.
	SampleSeed uint64

	// MaxColumns bounds the columns (softmax: rows) of one batch; wider jobs
	// are cut and put together again. Default 4096. More than 1024 jobs are not
	// put into one batch.
	MaxColumns int
	// MaxBatchTime bounds what one batch is predicted to take, so that others
	// need not wait long for their turn. Default 50 ms.
	MaxBatchTime time.Duration
	// NoBatching runs every job alone, to compare with. Default false.
	NoBatching bool
	// QueueDepth is how many batches the device may have at a time, from 1 to
	// what it says is worth it (device.Info.QueueDepth). Fewer bind later and
	// grow larger; more keep it busy. Default: what the device says.
	QueueDepth int
	// Linger is how long an idle device waits for companions of a job, at most:
	// once it is known how long batches of its kind take, it waits no longer
	// than another companion would save. It trades latency for larger batches.
	// Default 0: it never waits.
	Linger time.Duration
	// AgeStep is the waiting time that is worth one step of priority. Default
	// 100 ms.
	AgeStep time.Duration
	// InPlaceBytes is the size from which a result is written straight to the
	// caller's memory instead of being copied there on success, which takes less
	// time. If such a job fails, what C holds is undefined. Default 4 MiB;
	// negative: never.
	InPlaceBytes int
	// HangAfter is the least time after which a batch that the device does not
	// end is taken for hung; one that is predicted to take long is given ten
	// times that, a guess a thousand times. Its jobs then end with job.ErrHung,
	// those that wait run on a new queue. Default 10 s; negative: never. What a
	// device reads in the caller's memory counts: load what lies in slow memory,
	// such as a mapped file's, which Load then copies before the device reads it.
	HangAfter time.Duration
	// Reopen opens another device like Device, after that was lost or a new
	// queue on it was no help; it may be called many times, from one goroutine
	// at a time. The operands are loaded on what it returns, waiting jobs run
	// there, and the scheduler closes it. On devices whose memory the host
	// cannot address Load then keeps a copy of every operand. Default: the
	// device named by DeviceName is opened again; with a Device: nothing is
	// opened, and jobs end with job.ErrUnavailable.
	Reopen func() (device.Device, error)
	// Fallback lets the cpu device take over when the device cannot be opened
	// again. Jobs become slower instead of failing, and their results may
	// differ in the last bits. Default false.
	Fallback bool
	// Shards is the number of dispatcher actors for each operation. Default
	// one for every 16 processors; at most 1024.
	Shards int
	// KernelCache is the number of compiled kernels kept. Default 512.
	KernelCache int

	// Recorder is told every decision. Default: none.
	Recorder metrics.Recorder
	// Trace records also what the decisions were made from: each arrival,
	// cancellation and free slot, so that the run can be replayed (see Replay)
	// as it was or with another configuration. It needs a Recorder that takes
	// events, such as metrics.JSONL, with room for bursts: a trace that lacks a
	// single record is of no use. Expect about 400 bytes and a few microseconds
	// a job. Default false: nothing is traced, at no cost.
	Trace bool
	// CloseRecorder makes Close close the Recorder. Default: it is flushed.
	CloseRecorder bool
	// Logger takes what an operator should know, such as a batch that failed.
	// It is called where the device is run from, so it should not block.
	// Default: nothing is logged.
	Logger *slog.Logger
	// Profile asks the device for the time of every dispatch and records it.
	Profile bool
	// Warm lists problems whose kernels are compiled before Open returns.
	Warm []kernels.Problem

	// Member is set by package fleet: the scheduler is one of several, whose
	// limits and counters are the Common ones. Default: it is alone.
	Member *Member

	decided *decided          // by variables; see Tuned
	fault   func(role string) // tests: see actors.Config, and the next
	landing actors.Landing
}

// ConfigError says which field of a Config is wrong and what is allowed.
type ConfigError struct {
	Field, Got, Allowed string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("scheduler: Config.%s is %s; allowed: %s", e.Field, e.Got, e.Allowed)
}

// Libraries returns what devices are opened with.
func (c *Config) Libraries() discover.Config { return discover.Config{BLAS: c.BLAS, Metal: c.Metal} }

// withDefaults returns c with every zero field filled in.
func (c Config) withDefaults() Config {
	prefs := policy.DefaultPrefs()
	set(&c.DeviceName, "auto")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Prefs == nil {
		c.Prefs, c.decided = &prefs, &decided{prefs: &prefs}
	}
	if c.Catalog == nil {
		c.Catalog = kernels.Default
	}
	c.Weights = maps.Clone(c.Weights)
	set(&c.Limits.Jobs, 4_000_000)
	set(&c.Limits.Bytes, 8<<30)
	quarantine := policy.DefaultQuarantineTuning()
	set(&c.Quarantine.Failures, quarantine.Failures)
	set(&c.Quarantine.Window, quarantine.Window)
	set(&c.Quarantine.CoolOff, quarantine.CoolOff)
	set(&c.Quarantine.MaxCoolOff, max(quarantine.MaxCoolOff, c.Quarantine.CoolOff))
	set(&c.MaxColumns, 4096)
	set(&c.MaxBatchTime, 50*time.Millisecond)
	set(&c.AgeStep, policy.DefaultPickTuning().AgeStep)
	set(&c.HangAfter, policy.DefaultWatchdog().Floor)
	set(&c.Shards, max(1, runtime.GOMAXPROCS(0)/16))
	set(&c.KernelCache, 512)
	return c
}

// DefaultInPlaceBytes is the default of Config.InPlaceBytes.
//
// withDefaults leaves it to Open, so that a profile still finds out that nobody
// has chosen.
const DefaultInPlaceBytes = 4 << 20

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate checks a Config that has its defaults.
func (c *Config) validate() error {
	if c.Device == nil && discover.Check(c.DeviceName) != nil {
		return &ConfigError{"DeviceName", strconv.Quote(c.DeviceName), discover.NameSyntax}
	}
	if c.Device == nil && discover.Several(c.DeviceName) {
		return &ConfigError{"DeviceName", strconv.Quote(c.DeviceName), "one device; fleet.Open takes several"}
	}
	if c.Trace && !metrics.TakesEvents(c.Recorder) {
		return &ConfigError{"Trace", "true", "only with a Recorder that takes events, such as metrics.JSONL"}
	}
	for _, f := range []struct {
		name  string
		value int64
		min   int64
	}{
		{"Quarantine.Window", int64(c.Quarantine.Window), 1},
		{"Quarantine.CoolOff", int64(c.Quarantine.CoolOff), 1},
		{"Quarantine.MaxCoolOff", int64(c.Quarantine.MaxCoolOff), int64(c.Quarantine.CoolOff)},
		{"MaxColumns", int64(c.MaxColumns), 1},
		{"MaxBatchTime", int64(c.MaxBatchTime), 1},
		{"QueueDepth", int64(c.QueueDepth), 0},
		{"Linger", int64(c.Linger), 0},
		{"AgeStep", int64(c.AgeStep), 1},
		{"Shards", int64(c.Shards), 1},
		{"KernelCache", int64(c.KernelCache), 1},
		{"Limits.Jobs", c.Limits.Jobs, 0},
		{"Limits.Bytes", c.Limits.Bytes, 0},
		{"Limits.TenantJobs", c.Limits.TenantJobs, 0},
		{"Limits.TenantBytes", c.Limits.TenantBytes, 0},
	} {
		if f.value < f.min {
			return &ConfigError{f.name, fmt.Sprint(f.value), fmt.Sprintf("at least %d", f.min)}
		}
	}
	switch {
	case c.Shards > maxShards:
		return &ConfigError{"Shards", fmt.Sprint(c.Shards), fmt.Sprintf("1 to %d", maxShards)}
	case c.Quarantine.Failures > maxFailures:
		return &ConfigError{"Quarantine.Failures", fmt.Sprint(c.Quarantine.Failures), fmt.Sprintf("up to %d", maxFailures)}
	case !(c.SampleInvariance >= 0 && c.SampleInvariance <= 1): // NaN too
		return &ConfigError{"SampleInvariance", fmt.Sprint(c.SampleInvariance), "0 to 1"}
	case c.Trace && c.SampleInvariance > 0:
		return &ConfigError{"SampleInvariance", fmt.Sprint(c.SampleInvariance), "0 with Trace: second runs are not replayed"}
	}
	return c.validateWeights()
}

func (c *Config) validateWeights() error {
	for _, tenant := range slices.Sorted(maps.Keys(c.Weights)) {
		if w := c.Weights[tenant]; !policy.WeightAllowed(w) {
			return &ConfigError{
				fmt.Sprintf("Weights[%q]", tenant), fmt.Sprint(w),
				fmt.Sprintf("%v to %v", policy.MinWeight, policy.MaxWeight),
			}
		}
	}
	return nil
}

const (
	// maxFailures bounds what is remembered of one fingerprint.
	maxFailures = 1000
	// maxShards is more than any machine has use for.
	maxShards = 1024
)
