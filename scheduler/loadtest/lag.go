package loadtest

import (
	"fmt"
	"strconv"
	"time"
)

// leastAchieved is the fraction of the jobs due that a generator must have sent
// in time: below it, the rate that was asked for was never tried.
const leastAchieved = 0.95

// judgeLag tells a generator that lags. What counts is its part in the latency
// that is claimed: at a percentile, the lag may be the part MaxLag of the
// latency, or Late if that is more. So lag that is small beside the latency is
// none.
//
// A generator that is behind at the median or the 90th percentile lags all the
// time, and the stage is worthless. One pause of the machine hits fewer jobs than
// that; it can still be what the 99th percentile shows, which is only said. But
// when the objective is missed where the generator was behind, nobody knows whose
// fault it is: then that is a problem too.
func (s *Summary) judgeLag(info *RunInfo) {
	quantiles := []float64{0.5, 0.9}
	if o, _ := ParseObjective(info.Objective); o != nil && !s.Meets(o) {
		quantiles = append(quantiles, o.Quantile)
	}
	for _, q := range quantiles {
		if lag := s.lagged(info, q); lag != "" {
			s.lagging("%s%s", lag, s.crowded(info))
			return
		}
	}
	if s.Achieved < leastAchieved {
		s.lagging("it reached %.1f %% of the rate (allowed: %.0f %%)%s", 100*s.Achieved, 100*leastAchieved, s.crowded(info))
		return
	}
	if lag := s.lagged(info, 0.99); lag != "" {
		s.Warning = "the latency from p99 on is the generator's as well: " + lag + s.crowded(info)
	}
}

func (s *Summary) lagging(format string, args ...any) {
	s.Lagged = true
	s.problem("the generator lagged: "+format, args...)
}

// lagged says how late jobs were sent at a percentile, or "" if that is allowed.
func (s *Summary) lagged(info *RunInfo, q float64) string {
	lag, latency := s.Lag.Quantile(q), max(1, s.Intended.Quantile(q))
	if lag <= max(info.Late, time.Duration(info.MaxLag*float64(latency))) {
		return ""
	}
	return fmt.Sprintf("%.3g %% of the jobs were sent %v or more after their time, and the %s latency is %v (allowed: %.0f %% of it, or %v)",
		100*(1-q), ThreeDigits(lag), quantileName(q), ThreeDigits(latency), 100*info.MaxLag, info.Late)
}

// crowded says that jobs were late because those before had not ended.
func (s *Summary) crowded(info *RunInfo) string {
	if s.Waited == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of them waited for one of %d jobs in flight to end", s.Waited, info.InFlight)
}

func quantileName(q float64) string { return "p" + strconv.FormatFloat(q*100, 'g', 6, 64) }

// ThreeDigits rounds a time to three digits.
func ThreeDigits(d time.Duration) time.Duration {
	step := time.Duration(1)
	for step*1000 <= d {
		step *= 10
	}
	return d.Round(step)
}
