package scheduler

import (
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// forecast is a cost model that anybody may ask. The engine's own belongs to
// the actors.
type forecast struct {
	mu    sync.Mutex
	model *policy.CostModel
}

// foresee makes the scheduler's forecast, of which a member's learns.
func (s *Scheduler) foresee(info device.Info) error {
	model, err := s.costs(info)
	s.forecast = &forecast{model: model}
	if s.cfg.Member != nil {
		s.records.forecast = s.forecast
	}
	return err
}

func (f *forecast) predict(plan *kernels.Plan, jobs int) time.Duration {
	w := policy.WorkOf(plan)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.model.PredictMany(w, jobs)
}

// observe learns from a batch that ended. A nil forecast does not.
func (f *forecast) observe(o *actors.Outcome) {
	if f == nil || o.Err() != nil {
		return
	}
	w, problems := o.Work()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.model.Observe(w, o.Device()/time.Duration(problems))
}
