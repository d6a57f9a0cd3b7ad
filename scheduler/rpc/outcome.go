package rpc

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// outcomeOf returns how a job ended whose error is known.
func outcomeOf(err error) job.Outcome {
	switch {
	case err == nil:
		return job.Done
	case errors.Is(err, job.ErrCancelled):
		return job.Cancelled
	case errors.Is(err, job.ErrExpired):
		return job.Expired
	}
	return job.Failed
}
