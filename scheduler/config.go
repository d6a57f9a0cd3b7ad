package scheduler

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Config says how a Scheduler runs. The zero Config is ready for use: the best
// device found, the specified selection, no linger, nothing recorded.
type Config struct {
	// Device runs the batches. The scheduler does not close it. Nil: the
	// scheduler opens the device named by DeviceName and closes it itself.
	Device device.Device
	// DeviceName is auto or the name of a kind of device: metal, cuda, cpu,
	// sim. Default auto: the best one found.
	DeviceName string
	// BLAS is the cpu device's library for the mps backend: a file name or
	// path, or "none". Default "": the first that is found of the usual ones
	// (OpenBLAS, BLIS, MKL; Accelerate on macOS). It is not used for a Device
	// that is given.
	BLAS string

	// Prefs steer which kernel a job gets. Default policy.DefaultPrefs().
	Prefs *policy.Prefs
	// Catalog is the table of kernels to choose from. Default kernels.Default.
	Catalog kernels.Catalog

	// Limits bound the jobs and bytes in flight, in all and by tenant. A job
	// over a limit is refused with job.ErrQueueFull, or waits if it asked to.
	// Default: 4,000,000 jobs and 8 GiB in all, no limit by tenant.
	Limits job.Limits

	// MaxColumns bounds the columns (softmax: rows) of one batch; wider jobs
	// are cut and put together again. Default 1024.
	MaxColumns int
	// MaxBatchTime bounds what one batch is predicted to take, so that others
	// need not wait long for their turn. Default 50 ms.
	MaxBatchTime time.Duration
	// NoBatching runs every job alone, to compare with. Default false.
	NoBatching bool
	// Linger is how long an idle device waits for companions of a job. It
	// trades latency for larger batches. Default 0: it never waits.
	Linger time.Duration
	// AgeStep is the waiting time that is worth one step of priority. Default
	// 100 ms.
	AgeStep time.Duration
	// InPlaceBytes is the size from which a result is written straight to the
	// caller's memory instead of being copied there on success. If such a job
	// fails, what C holds is undefined. Default 4 MiB; negative: never.
	InPlaceBytes int
	// Shards is the number of dispatcher actors for each operation. Default
	// one for every 16 processors.
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

	fault func(role string) // tests: see actors.Config
}

// ConfigError says which field of a Config is wrong and what is allowed.
type ConfigError struct {
	Field, Got, Allowed string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("scheduler: Config.%s is %s; allowed: %s", e.Field, e.Got, e.Allowed)
}

// withDefaults returns c with every zero field filled in.
func (c Config) withDefaults() Config {
	prefs := policy.DefaultPrefs()
	set(&c.DeviceName, "auto")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Prefs == nil {
		c.Prefs = &prefs
	}
	if c.Catalog == nil {
		c.Catalog = kernels.Default
	}
	set(&c.Limits.Jobs, 4_000_000)
	set(&c.Limits.Bytes, 8<<30)
	set(&c.MaxColumns, 1024)
	set(&c.MaxBatchTime, 50*time.Millisecond)
	set(&c.AgeStep, policy.DefaultPickTuning().AgeStep)
	set(&c.InPlaceBytes, 4<<20)
	set(&c.Shards, max(1, runtime.GOMAXPROCS(0)/16))
	set(&c.KernelCache, 512)
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate checks a Config that has its defaults.
func (c *Config) validate() error {
	if names := discover.Names(); c.Device == nil && !slices.Contains(names, c.DeviceName) {
		return &ConfigError{"DeviceName", strconv.Quote(c.DeviceName), strings.Join(names, ", ")}
	}
	if c.Trace && !metrics.TakesEvents(c.Recorder) {
		return &ConfigError{"Trace", "true", "only with a Recorder that takes events, such as metrics.JSONL"}
	}
	for _, f := range []struct {
		name  string
		value int64
		min   int64
	}{
		{"MaxColumns", int64(c.MaxColumns), 1},
		{"MaxBatchTime", int64(c.MaxBatchTime), 1},
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
	return nil
}
