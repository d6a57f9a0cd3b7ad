package policy

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// ward is the quarantine of a script; fingerprints go by name.
type ward struct {
	*Quarantine
	clock *picker
}

// setTuning opens an empty quarantine: the defaults with the given changes.
func (w *ward) setTuning(words []string) (string, error) {
	tuning := DefaultQuarantineTuning()
	for _, word := range words {
		name, value := option(word)
		d, err := time.ParseDuration(value)
		switch name {
		case "failures":
			tuning.Failures, err = strconv.Atoi(value)
		case "window":
			tuning.Window = d
		case "cool-off":
			tuning.CoolOff = d
		case "max":
			tuning.MaxCoolOff = d
		default:
			err = unknown(word)
		}
		if err != nil {
			return "", err
		}
	}
	w.Quarantine = NewQuarantine(tuning)
	return "", nil
}

func named(name string) Fingerprint { return Fingerprint{Tenant: name, Operand: uint64(len(name))} }

func (w *ward) fail(names []string) (string, error) {
	for _, name := range names {
		w.Failed(named(name), w.clock.now, errors.New("boom"))
	}
	return "", nil
}

func (w *ward) succeed(names []string) (string, error) {
	for _, name := range names {
		w.Succeeded(named(name), w.clock.now)
	}
	return "", nil
}

// forget forgives the names of one length: the operand's number.
func (w *ward) forgetOperand(words []string) (string, error) {
	id, err := strconv.ParseUint(words[0], 10, 64)
	w.Forget(id)
	return "", err
}

func (w *ward) ask(names []string) (out string, _ error) {
	for _, name := range names {
		var q *job.QuarantinedError
		if errors.As(w.Check(named(name), w.clock.now), &q) {
			out += fmt.Sprintf("%s: refused until %v after %d failures\n", name, q.Until.Sub(start), q.Failures)
		} else {
			out += name + ": welcome\n"
		}
	}
	return out, nil
}

// state prints what the hot path sees and the gauges.
func (w *ward) state([]string) (string, error) {
	return fmt.Sprintf("watching %v, holding %v, %d held, %d refused\n",
		w.Watching(), w.Holding(), w.Held(w.clock.now), w.Refused()), nil
}
