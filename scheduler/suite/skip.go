package suite

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// skipped makes of a backend that the device lacks a reason to skip.
func skipped(err error) error {
	var pref *policy.PrefError
	if !errors.As(err, &pref) {
		return err
	}
	if pref.Help != "" {
		return &SkipError{"the device does not have it: " + pref.Help}
	}
	return &SkipError{pref.Error()}
}
