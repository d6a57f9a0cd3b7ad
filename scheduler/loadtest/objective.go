package loadtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Objective is a bound on a quantile of the latency from when jobs were due.
// Jobs that were lost count as endlessly late.
type Objective struct {
	Quantile float64 // such as 0.99
	Latency  time.Duration
}

// ParseObjective reads an objective written like p99<5ms.
func ParseObjective(text string) (*Objective, error) {
	name, limit, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "<")
	number, p := strings.CutPrefix(name, "p")
	percent, err := strconv.ParseFloat(number, 64)
	latency, err2 := time.ParseDuration(limit)
	if !ok || !p || err != nil || err2 != nil || !(percent > 0 && percent < 100) || latency <= 0 {
		return nil, fmt.Errorf("loadtest: objective %q; allowed: like p99<5ms, or p99.9<20ms", text)
	}
	return &Objective{percent / 100, latency}, nil
}

func (o Objective) String() string {
	return fmt.Sprintf("%s<%v", quantileName(o.Quantile), o.Latency)
}

// met reports whether latencies, and jobs lost besides, meet the objective.
func (o *Objective) met(h *Histogram, lost int64) bool {
	latency, ok := h.QuantileWith(o.Quantile, lost)
	return ok && latency <= o.Latency
}
