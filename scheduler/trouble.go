package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// restartLook is how often a load looks whether the device is back.
const restartLook = time.Millisecond

// report has the engine restart a device that was lost or hung while an operand was
// loaded, since when it had been restarted so often. nil means that the load may
// be done again: the device was lost before it was given anything, and another has
// taken its place, which those wait for that are patient.
func (s *Scheduler) report(since int64, err error, patient bool) error {
	if lost := s.engine.Report(since, err); !lost || !patient || errors.Is(err, job.ErrHung) {
		return err
	}
	for s.engine.Health() == actors.Restarting {
		select {
		case <-time.After(restartLook):
		case <-s.stopping:
			return job.ErrClosed
		}
	}
	if s.Lost() {
		return fmt.Errorf("%w: %w", job.ErrUnavailable, err)
	}
	return nil
}
