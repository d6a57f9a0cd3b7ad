package suite_test

import (
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// wrongWork computes something else than it says.
type wrongWork struct{ suite.Softmax }

func (w wrongWork) Make(d job.Doer, seed uint64) (suite.Fixture, error) {
	f, err := w.Softmax.Make(d, seed)
	return wrongFixture{f}, err
}

type wrongFixture struct{ suite.Fixture }

func (f wrongFixture) Jobs() []job.Job {
	s := *f.Fixture.Jobs()[0].(*job.Softmax)
	s.Causal = !s.Causal
	return []job.Job{&s}
}
