package policy

import (
	"fmt"
	"strconv"
	"time"
)

// patience prints what a batch is given: floor=, factor=, predicted=, surprise=
// and the word measured.
func patience(words []string) (string, error) {
	w, f := DefaultWatchdog(), Foresight{}
	for _, word := range words {
		name, value := option(word)
		var err error
		switch name {
		case "floor":
			w.Floor, err = time.ParseDuration(value)
		case "factor":
			w.Factor, err = strconv.ParseFloat(value, 64)
		case "predicted":
			f.Predicted, err = time.ParseDuration(value)
		case "surprise":
			f.Surprise, err = strconv.ParseFloat(value, 64)
		case "measured":
			f.Measured = true
		default:
			err = unknown(word)
		}
		if err != nil {
			return "", err
		}
	}
	limit, reason := w.Patience(f)
	return fmt.Sprintf("%v: %s\n", limit, reason), nil
}

// hung prints what the watchdog does: running=, late= and patience=.
func hung(words []string) (string, error) {
	var running, late, limit time.Duration
	for _, word := range words {
		name, value := option(word)
		d, err := time.ParseDuration(value)
		if err != nil {
			return "", err
		}
		switch name {
		case "running":
			running = d
		case "late":
			late = d
		case "patience":
			limit = d
		default:
			return "", unknown(word)
		}
	}
	hung, again := DefaultWatchdog().Hung(running, late, limit)
	if hung {
		return "hung\n", nil
	}
	return fmt.Sprintf("look again in %v\n", again), nil
}

// restart prints the steps after failures=from-to, of a device that is lost, one
// that reopens and one that is broken, if those words are there.
func restart(words []string) (string, error) {
	t, last := Trouble{}, 0
	for _, word := range words {
		switch name, value := option(word); name {
		case "failures":
			if _, err := fmt.Sscanf(value, "%d-%d", &t.Failures, &last); err != nil {
				return "", err
			}
		case "lost":
			t.Lost = true
		case "reopens":
			t.Reopens = true
		case "broken":
			t.Broken = true
		default:
			return "", unknown(word)
		}
	}
	out := ""
	for ; t.Failures <= last; t.Failures++ {
		step, pause, reason := Restart(t)
		out += fmt.Sprintf("%d: %v after %v: %s\n", t.Failures, step, pause, reason)
	}
	return out, nil
}
