package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// recording turns ended batches into counters and decisions. The device actor
// calls it, one batch at a time.
type recording struct {
	recorder metrics.Recorder // nil: only count
	closes   bool             // the recorder is ours to close
	counters *metrics.Counters
	logger   *slog.Logger
	device   string
	forecast *forecast // that learns from batches, or nil
	checks   checkCounts
	last     kind
	series   *metrics.Series // of last
	seq      uint64
	decision metrics.Decision // reused: recorders copy what they keep
}

func newRecording(cfg *Config, c *metrics.Counters) *recording {
	r := &recording{recorder: cfg.Recorder, closes: cfg.CloseRecorder, counters: c, logger: cfg.Logger}
	r.checks.expose(c)
	if cfg.Member != nil { // several share a recorder
		return r
	}
	metrics.LogTo(cfg.Recorder, cfg.Logger)
	c.Func("decisions_dropped_total", "Decisions and events that no recorder wrote down: it had no room, or its output failed.", r.dropped)
	return r
}

func (r *recording) dropped() float64 {
	if d, ok := r.recorder.(interface{ Dropped() uint64 }); ok {
		return float64(d.Dropped())
	}
	return 0
}

// BatchEnded implements actors.Observer.
func (r *recording) BatchEnded(o *actors.Outcome) {
	r.checked(o)
	r.forecast.observe(o)
	r.seriesOf(o).Batch(o.Jobs(), o.Columns(), o.Queue(), o.Device())
	if r.recorder != nil {
		r.seq++
		r.fill(o)
		r.recorder.Record(&r.decision)
	}
	if err := failure(o); err != nil {
		r.logger.Warn("batch failed", "id", o.ID(), "kernel", o.Key().Kernel, "jobs", o.Jobs(), "attempt", o.Attempt()+1, "error", err)
	}
}

// notify tells of what happened to the device.
func (r *recording) notify(what string, err error) {
	if err != nil {
		r.logger.Warn(what, "device", r.device, "error", err)
		return
	}
	r.logger.Warn(what, "device", r.device)
}

// kind is what the batches of one series have in common.
type kind struct {
	family kernels.Family
	bucket kernels.Bucket
	width  int
	reason actors.CloseReason
}

// seriesOf returns the counters of a batch's kind. Most batches are of the
// same kind as the one before.
func (r *recording) seriesOf(o *actors.Outcome) *metrics.Series {
	family, key := o.Plan().Row.Family, o.Key()
	k := kind{family, key.Bucket, key.Width, o.Reason()}
	if k != r.last {
		r.last = k
		r.series = r.counters.Series(family.Op().String(), family.String(), kernels.Variant(family, k.bucket, k.width), k.reason.String())
	}
	return r.series
}

// fill describes one batch, by its first job where jobs may differ.
func (r *recording) fill(o *actors.Outcome) {
	p, key, d := o.Plan(), o.Key(), &r.decision
	q := &p.Problem
	written, ran := q.Written(), q.Shape
	switch {
	case q.Op == kernels.OpAttention:
		ran.Batch = o.Columns()
	case q.Op == kernels.OpSoftmax:
		ran.Batch, ran.M = 1, o.Columns()
	case q.Shape.Batch == 1:
		ran.N = o.Columns()
	}
	tenants, rules := d.Tenants[:0], d.Rules[:0]
	*d = metrics.Decision{
		Seq: r.seq, Time: time.Now(), ID: o.ID(), Op: q.Op.String(), Device: r.device,
		Shape: metrics.Shape(written), Normalised: metrics.Shape(ran),
		DTypes: metrics.DTypes{A: q.A.String(), B: q.B.String(), C: q.C.String()},
		Flags: metrics.Flags{
			TransA: q.TransA, TransB: q.TransB, Beta: key.BetaNonZero, Bias: key.Bias,
			Causal: q.Causal, QueryOffset: q.QueryOffset, Mirrored: q.Mirrored, TransV: q.TransV,
		},
		Heads: metrics.Heads{Group: q.Group, Values: q.ValueCols},
		Jobs:  o.Jobs(), Columns: o.Columns(), Problems: o.Problems(), Picked: o.Picked(),
		Orientation: o.Form().Orientation,
		Plan: metrics.Plan{
			Backend: p.Family().String(), Variant: kernels.Variant(p.Family(), key.Bucket, key.Width),
			Kernel: key.Kernel, Key: key.String(),
		},
		Invariant:   p.BatchInvariant(),
		CloseReason: o.Reason().String(), Attempt: o.Attempt() + 1, CacheHit: !o.Compiled(),
		Queue: o.Queue(), Encode: o.Encode(), DeviceTime: o.Device(), Total: o.Total(),
		Dispatches: o.Dispatches(), Check: o.Check().String(), Outcome: "done",
	}
	d.Tenants = countTenants(tenants, o)
	for _, rule := range p.Rules {
		rules = append(rules, metrics.Rule(rule))
	}
	d.Rules = rules
	d.Unwritten = o.Unwritten()
	if err := failure(o); err != nil {
		d.Outcome, d.Error = "failed", fmt.Sprint(err)
		switch {
		case errors.Is(err, job.ErrHung):
			d.Outcome = "hung"
		case o.Err() == nil && o.Unwritten() < o.Jobs():
			d.Outcome = "mixed"
		}
	}
}

// failure returns what went wrong with a batch or with some of its jobs.
func failure(o *actors.Outcome) error {
	if n := o.Unwritten(); n > 0 && o.Err() == nil {
		return fmt.Errorf("the results of %d jobs could not be written: their memory is gone", n)
	}
	return o.Err()
}

// countTenants lists the tenants of a batch by name.
func countTenants(list []metrics.Tenant, o *actors.Outcome) []metrics.Tenant {
	o.Tenants(func(name string) {
		i := sort.Search(len(list), func(i int) bool { return list[i].Name >= name })
		if i == len(list) || list[i].Name != name {
			list = append(list, metrics.Tenant{})
			copy(list[i+1:], list[i:])
			list[i] = metrics.Tenant{Name: name}
		}
		list[i].Jobs++
	})
	return list
}

// close flushes the recorder, or closes it if it is ours to close.
func (r *recording) close(ctx context.Context) error {
	if r.closes {
		if c, ok := r.recorder.(interface{ Close(context.Context) error }); ok {
			return c.Close(ctx)
		}
	}
	if f, ok := r.recorder.(interface{ Flush(context.Context) error }); ok {
		return f.Flush(ctx)
	}
	return nil
}
