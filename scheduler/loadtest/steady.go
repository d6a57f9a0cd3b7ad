package loadtest

import "time"

const (
	steadyWindows = 3
	steadyWithin  = 0.10
)

// steady applies the rule of stability: throughput and mean latency of the last
// three windows are each within 10 % of their mean.
type steady struct{ rates, latencies []float64 }

func (s *steady) add(w *Window) {
	done, latency := w.doneAndLatency()
	s.rates = append(s.rates, float64(done)/w.Length.Seconds())
	s.latencies = append(s.latencies, latency.Seconds())
}

func (s *steady) stable() bool { return level(s.rates) && level(s.latencies) }

func level(values []float64) bool {
	if len(values) < steadyWindows {
		return false
	}
	last := values[len(values)-steadyWindows:]
	mean := 0.0
	for _, v := range last {
		mean += v / steadyWindows
	}
	for _, v := range last {
		if v < mean*(1-steadyWithin) || v > mean*(1+steadyWithin) {
			return false
		}
	}
	return mean > 0
}

// doneAndLatency returns the jobs done in a window and their mean latency from
// when they were due.
func (w *Window) doneAndLatency() (done int64, mean time.Duration) {
	sum := 0.0
	for i := range w.Kinds {
		h := &w.Kinds[i].Intended
		done += h.Count()
		sum += h.sum
	}
	if done == 0 {
		return 0, 0
	}
	return done, time.Duration(sum / float64(done))
}
