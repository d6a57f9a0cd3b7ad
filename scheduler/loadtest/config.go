package loadtest

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Stage is a stretch of a run with one load. It has a Source, for an open loop,
// or Callers.
type Stage struct {
	Name   string
	Source Source
	Rate   float64 // of the source, on the average; for the reader
	// Callers each send a job when the one before has ended. Their latency
	// hides what a slow answer kept them from sending: use an open loop to
	// learn what users would see.
	Callers int
	// Length is how long jobs are sent, the warm-up included. A stage that is
	// not stable then goes on until it is, or for Most.
	Length, Most time.Duration
}

// Config says what to run.
type Config struct {
	Doer   job.Doer
	Mix    Mix
	Stages []Stage
	// Search, if set, makes further stages: it looks for the highest rate that
	// meets the Objective. Source makes what a rate is.
	Search    *Search
	Source    func(rate float64) (Stage, error)
	Objective *Objective

	Seed uint64
	// Warmup is the start of every stage that does not count.
	Warmup time.Duration
	// Window is the stretch of time of one record. Default 1 s.
	Window time.Duration
	// InFlight bounds the jobs sent and not ended; a job that is due beyond it
	// is sent late. Default 4096.
	InFlight int
	// A send is late when it is more than Late after its time, default 2 ms. The
	// generator lags, and the run fails, when at the median, at the 90th
	// percentile, or at an objective that is missed the lag is more than the part
	// MaxLag of the latency, default 0.25, and more than Late.
	Late   time.Duration
	MaxLag float64
	// Alarm, if set, wakes the generator more exactly than the runtime's timers,
	// by the clock of the machine.
	Alarm *Alarm
	// CheckEvery is how many jobs there are to one whose result is compared
	// with a float64 reference. Default 61; negative: none is.
	CheckEvery int
	// Unchecked says why results cannot be checked; then none are.
	Unchecked string
	// Drain is how long jobs may take to end after the last was sent. Default
	// 30 s.
	Drain time.Duration

	// Batches returns the batches that were run since the last call, and
	// Dropped how many were not seen; nil if nobody knows.
	Batches func() []BatchCount
	Dropped func() int64

	Info RunInfo
	// Emit takes the records, from one goroutine at a time. An error ends the
	// run.
	Emit func(Record) error
}

func (c Config) withDefaults() Config {
	set(&c.Window, time.Second)
	set(&c.InFlight, 4096)
	set(&c.Late, 2*time.Millisecond)
	set(&c.MaxLag, 0.25)
	set(&c.CheckEvery, 61)
	set(&c.Drain, 30*time.Second)
	if c.Batches == nil {
		c.Batches = func() []BatchCount { return nil }
	}
	if c.Dropped == nil {
		c.Dropped = func() int64 { return 0 }
	}
	for i := range c.Stages {
		c.Stages[i].Most = max(c.Stages[i].Most, c.Stages[i].Length)
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) validate() error {
	for _, s := range c.Stages {
		if err := c.validateStage(s); err != nil {
			return err
		}
	}
	switch {
	case len(c.Stages) == 0 && c.Search == nil:
		return fmt.Errorf("loadtest: there is no stage to run")
	case c.InFlight < 1:
		return fmt.Errorf("loadtest: at most %d jobs in flight; allowed: at least 1", c.InFlight)
	case c.Window < 0 || c.Warmup < 0 || c.Late < 0 || c.MaxLag < 0:
		return fmt.Errorf("loadtest: a negative time or fraction")
	case c.Search != nil && (c.Objective == nil || c.Source == nil):
		return fmt.Errorf("loadtest: a search needs an objective and a source")
	}
	return nil
}

func (c *Config) validateStage(s Stage) error {
	switch {
	case s.Callers < 0 || (s.Source == nil) == (s.Callers == 0):
		return fmt.Errorf("loadtest: stage %s has %d callers; allowed: a source, or at least one caller", s.Name, s.Callers)
	case s.Length <= c.Warmup:
		return fmt.Errorf("loadtest: stage %s lasts %v, the warm-up %v; allowed: longer than that", s.Name, s.Length, c.Warmup)
	}
	return nil
}
