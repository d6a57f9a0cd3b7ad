package scheduler

import (
	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Trace implements metrics.Tracer: events are counted together with the
// decisions. The actors call it as they call BatchEnded.
func (r *recording) Trace(e *metrics.Event) {
	r.seq++
	e.Seq = r.seq
	r.recorder.(metrics.Tracer).Trace(e)
}

// tracer returns who is told of events, nil for nobody.
func (s *Scheduler) tracer() metrics.Tracer {
	if !s.cfg.Trace {
		return nil
	}
	return s.records
}

// traceSetup records what decisions depend on, as the first record of all.
func (s *Scheduler) traceSetup(cfg *actors.Config, info device.Info) {
	p := s.cfg.Prefs
	s.records.Trace(&metrics.Event{Kind: metrics.KindTrace, Setup: &metrics.Setup{
		Device: info.Backend, QueueDepth: actors.Depth(cfg.QueueDepth, info.QueueDepth),
		Bandwidth: info.Bandwidth, Flops: info.Flops, Launch: info.Launch,
		Caps: metrics.Caps(info.Caps),
		Prefs: metrics.Prefs{
			MatmulBackend: p.MatmulBackend.String(), SmallNMaxN: p.SmallNMaxN, SIMDMMin: p.SIMDMMin, SIMDNMin: p.SIMDNMin,
			ForceSmallN: p.ForceSmallN, SoftmaxBackend: p.SoftmaxBackend.String(), SoftmaxVecMaxCols: p.SoftmaxVecMaxCols,
			Experimental: p.Experimental,
		},
		Shards: cfg.Shards, MaxColumns: cfg.MaxColumns, MaxJobs: cfg.MaxJobs, MaxProblems: cfg.MaxProblems,
		MaxTime: cfg.MaxTime, GroupTime: cfg.GroupTime, Handover: cfg.Handover, Linger: cfg.Linger, AgeStep: cfg.Tuning.AgeStep,
		Weights: cfg.Weights, Costs: told(cfg.Costs.Corrections()),
	}})
}

// told puts what a cost model knows into a trace.
func told(learned []policy.Correction) (out []metrics.Correction) {
	for _, c := range learned {
		out = append(out, metrics.Correction(c))
	}
	return out
}

// maxJobs is how many jobs a batch may have.
func maxJobs(noBatching bool) int {
	if noBatching {
		return 1
	}
	return 1024 // more make no batch faster, and each is told of its end one by one
}

// priorOf is what a cost model starts from.
func priorOf(info device.Info) policy.Prior {
	return policy.Prior{Bandwidth: info.Bandwidth, Flops: info.Flops, Launch: info.Launch}
}
