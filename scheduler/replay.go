package scheduler

import (
	"fmt"
	"reflect"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Replay puts a traced run (see Config.Trace) through selection, batching and
// picking again, with the setup it had or another one, and compares every
// decision. No device is used and no time passes.
//
// With the trace's own setup there are no differences; see actors.Replayer for
// what another one means. The error is a *ConfigError or *policy.PrefError for
// a setup that cannot be, or says which record cannot be, or what a broken trace
// lacks.
func Replay(t *metrics.Trace, with metrics.Setup) (*actors.Replay, error) {
	if t.Broken != nil {
		return nil, t.Broken
	}
	measured, err := costsOf(&t.Setup)
	if err != nil {
		return nil, err
	}
	r, err := replayer(t, &t.Setup, measured, nil)
	if err != nil {
		return nil, err
	}
	result, err := r.Run(t.Events)
	if err != nil || reflect.DeepEqual(with, t.Setup) {
		return result, err
	}
	own, err := predicted(t, &t.Setup, measured)
	if err != nil {
		return nil, err
	}
	if result, err = predicted(t, &with, measured); err == nil {
		result.Recorded.Predicted = own.Replayed.Predicted
	}
	return result, err
}

// predicted replays with predictions of all times.
func predicted(t *metrics.Trace, with *metrics.Setup, measured *policy.CostModel) (*actors.Replay, error) {
	costs, err := costsOf(with)
	if err != nil {
		return nil, err
	}
	r, err := replayer(t, with, costs, measured)
	if err != nil {
		return nil, err
	}
	return r.Run(t.Events)
}

// costsOf returns the cost model that a run started with.
func costsOf(s *metrics.Setup) (*policy.CostModel, error) {
	m := policy.NewCostModel(priorOf(device.Info{Bandwidth: s.Bandwidth, Flops: s.Flops, Launch: s.Launch}))
	var learned []policy.Correction
	for _, c := range s.Costs {
		learned = append(learned, policy.Correction(c))
	}
	return m, m.Restore(learned)
}

// replayer returns a replayer with a setup, once it is found to be possible.
func replayer(t *metrics.Trace, with *metrics.Setup, costs, measured *policy.CostModel) (*actors.Replayer, error) {
	plan, err := planner(&t.Setup, with)
	if err != nil {
		return nil, err
	}
	return actors.NewReplayer(actors.Config{
		Ledger: job.NewLedger(job.Limits{}), Costs: costs, Tuning: policy.PickTuning{AgeStep: with.AgeStep}, Weights: with.Weights,
		Shards: with.Shards, MaxColumns: with.MaxColumns, MaxJobs: with.MaxJobs, MaxProblems: with.MaxProblems,
		MaxTime: with.MaxTime, GroupTime: with.GroupTime, Handover: with.Handover, Linger: with.Linger,
	}, with.QueueDepth, measured, plan), nil
}

// planner selects kernels as a setup asks for. Where the trace's own setup did
// they must be the same.
func planner(was, with *metrics.Setup) (actors.Planner, error) {
	if err := validateSetup(with); err != nil {
		return nil, err
	}
	prefs, err := prefsOf(&with.Prefs)
	if err != nil {
		return nil, err
	}
	caps := kernels.Caps(with.Caps)
	if err := prefs.Validate(caps, kernels.Default); err != nil {
		return nil, err
	}
	plans := policy.NewCache(caps, prefs, kernels.Default)
	if with.Prefs == was.Prefs && with.Caps == was.Caps {
		return samePlanner(plans), nil
	}
	before, err := prefsOf(&was.Prefs)
	if err != nil {
		return nil, err
	}
	recorded := policy.NewCache(kernels.Caps(was.Caps), before, kernels.Default)
	return func(p kernels.Problem, _ string) (plan, was *kernels.Plan, err error) {
		if plan, err = plans.Plan(p); err != nil {
			return nil, nil, err
		}
		was, err = recorded.Plan(p)
		return plan, was, err
	}, nil
}

// samePlanner refuses a trace that this program would not have made.
func samePlanner(plans *policy.Cache) actors.Planner {
	return func(p kernels.Problem, backend string) (plan, was *kernels.Plan, err error) {
		if plan, err = plans.Plan(p); err == nil && plan.Family().String() != backend {
			err = fmt.Errorf("%s was chosen, but this program chooses %v: the trace is of another version, or of a catalog of its own",
				backend, plan.Family())
		}
		return plan, plan, err
	}
}

// validateSetup checks what Open sees to in a Config.
func validateSetup(s *metrics.Setup) error {
	for _, f := range []struct {
		name            string
		value, min, max int64
	}{
		{"MaxColumns", int64(s.MaxColumns), 1, 1 << 40},
		{"MaxJobs", int64(s.MaxJobs), 1, 1<<63 - 1},
		{"MaxProblems", int64(s.MaxProblems), 1, 1 << 40},
		{"Shards", int64(s.Shards), 1, 1 << 12},
		{"MaxBatchTime", int64(s.MaxTime), 1, 1<<63 - 1},
		{"GroupTime", int64(s.GroupTime), 0, 1<<63 - 1},
		{"Linger", int64(s.Linger), 0, 1 << 50},
		{"AgeStep", int64(s.AgeStep), 1, 1<<63 - 1},
	} {
		if f.value < f.min || f.value > f.max {
			return &ConfigError{f.name, fmt.Sprint(f.value), fmt.Sprintf("%d to %d", f.min, f.max)}
		}
	}
	return nil
}

// prefsOf reads preferences back.
func prefsOf(p *metrics.Prefs) (policy.Prefs, error) {
	prefs := policy.Prefs{
		SmallNMaxN: p.SmallNMaxN, SIMDMMin: p.SIMDMMin, SIMDNMin: p.SIMDNMin, ForceSmallN: p.ForceSmallN,
		SoftmaxVecMaxCols: p.SoftmaxVecMaxCols, Experimental: p.Experimental,
	}
	var err error
	if prefs.MatmulBackend, err = policy.ParseMatmulBackend(p.MatmulBackend); err != nil {
		return prefs, err
	}
	prefs.SoftmaxBackend, err = policy.ParseSoftmaxBackend(p.SoftmaxBackend)
	return prefs, err
}
