package actors

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Replayer puts a traced run through the batching and the picker of an engine,
// without its actors, device or clock. What a scheduler cannot choose is taken
// from the trace: arrivals, cancellations, when the device had room, how long
// batches took and which failed. What it decides is decided anew and compared.
//
// With the configuration that was traced every decision is the same. With
// another one, jobs may come to stand in other batches than they did. Then a
// slot that was left unused is used as soon as something may run, what happened
// to a slot's batch happens to the batch that has the slot now, its time is what
// a cost model predicts, and jobs that are left over at the end get slots of
// their own.
type Replayer struct {
	engine   *Engine
	plan     Planner
	measured *policy.CostModel // see NewReplayer
	tasks    map[uint64]*Task
	operands map[uint64]*namedOperand
	slots    map[uint64]*slot
	now      time.Duration // on the trace's clock
	wake     time.Duration // when a lane has lingered, 0 for none
	lastSlot uint64
	drift    drift
	result   Replay
}

// Planner returns the plan of a problem that had one of a backend in the trace,
// and the plan that this program gives it with the trace's setup, or nil.
type Planner func(p kernels.Problem, backend string) (plan, was *kernels.Plan, err error)

// NewReplayer returns a replayer for one run. Of the Config it takes what
// decisions depend on; Costs and Ledger must be new. measured has seen all of
// the run and predicts times of batches that it did not have; it is nil when
// the configuration is the one that was traced, so that there are none.
func NewReplayer(cfg Config, queueDepth int, measured *policy.CostModel, plan Planner) *Replayer {
	cfg.InPlaceBytes, cfg.Observer, cfg.Tracer = -1, nil, nil
	e := &Engine{Config: cfg, opened: time.Unix(0, 0), info: device.Info{QueueDepth: queueDepth}, tenants: newTenants(cfg.Weights)}
	e.desk = newDesk(e, nil)
	for range cfg.Shards {
		for op := kernels.OpMatmul; int(op) < kernels.Ops; op++ {
			e.dispatchers[op] = append(e.dispatchers[op], e.unmanned(op))
		}
	}
	return &Replayer{
		engine: e, plan: plan, measured: measured, tasks: map[uint64]*Task{}, operands: map[uint64]*namedOperand{},
		slots: map[uint64]*slot{}, drift: drift{units: map[uint64]int{}}, result: newReplay(),
	}
}

// unmanned returns a dispatcher without its actor.
func (e *Engine) unmanned(op kernels.Op) *dispatcher {
	d := &dispatcher{engine: e, op: op, shard: newShard(1, e.tenants)}
	d.shard.owner = d
	return d
}

// Run replays all events of a run. An error says which event cannot be.
func (r *Replayer) Run(events []metrics.Event) (*Replay, error) {
	var wrong error
	if err := guard("replay", func() { wrong = r.feed(events) }); err != nil {
		return nil, err
	}
	return &r.result, wrong
}

func (r *Replayer) feed(events []metrics.Event) error {
	for i := range events {
		e := &events[i]
		r.result.Events++
		if err := r.step(e); err != nil {
			return fmt.Errorf("replay: record %d, %s: %w", e.Seq, e.Kind, err)
		}
		if e.Kind == metrics.KindEnd {
			break
		}
		if i+1 < len(events) && r.drift.is() && !decides(events[i+1].Kind) {
			r.seize(r.now)
		}
	}
	r.drain()
	r.finish()
	return nil
}

// decides reports whether a decision is about to follow anyway, or more
// arrivals that belong together.
func decides(next metrics.Kind) bool {
	return next == metrics.KindArrival || next == metrics.KindPick || next == metrics.KindRetry
}

// step feeds one event.
func (r *Replayer) step(e *metrics.Event) error {
	if r.drift.is() && r.wake > 0 && r.wake < e.At {
		r.seize(r.wake)
	}
	r.now = max(r.now, e.At)
	switch e.Kind {
	case metrics.KindArrival:
		return r.arrive(e)
	case metrics.KindSlot:
		return r.openSlot(e.Slot)
	case metrics.KindPick, metrics.KindForm, metrics.KindRetry:
		return r.decide(e)
	case metrics.KindCancel:
		r.leave(e)
	case metrics.KindCold:
		r.setAside(e.Slot)
	case metrics.KindWarm:
		r.revive(e.Slot)
	case metrics.KindDone:
		r.done(e)
	case metrics.KindEnd, metrics.KindBatch, metrics.KindTrace, metrics.KindPlace:
	}
	return nil
}

func (r *Replayer) time(at time.Duration) time.Time { return r.engine.opened.Add(at) }
