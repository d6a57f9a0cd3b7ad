package loadtest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts durations, each within 0.1 % or a nanosecond. Any two can be
// merged, and its JSON is HdrHistogram's own compressed form. The zero
// Histogram is empty. One goroutine at a time may use it.
type Histogram struct {
	hdr *hdrhistogram.Histogram
	sum float64 // of what was recorded here, in nanoseconds
}

const (
	longest = int64(time.Hour)
	// Every factor of two costs 8 KiB, and a run keeps some histograms of every
	// window: so one reaches as far as it has to, and this far at first.
	leastReach = 26 // bits: 67 ms
)

// reach makes room for a value.
func (h *Histogram) reach(v int64) {
	if h.hdr != nil && v <= h.hdr.HighestTrackableValue() {
		return
	}
	wide := hdrhistogram.New(1, 1<<max(leastReach, bits.Len64(uint64(v)))-1, 3)
	if h.hdr != nil {
		wide.Merge(h.hdr)
	}
	h.hdr = wide
}

// Record counts a duration; what is out of range counts as the nearest that
// is not.
func (h *Histogram) Record(d time.Duration) {
	v := min(max(int64(d), 0), longest)
	h.reach(v)
	h.sum += float64(v)
	_ = h.hdr.RecordValue(v) // within reach
}

// Merge adds what another has counted.
func (h *Histogram) Merge(o *Histogram) {
	if o.Count() == 0 {
		return
	}
	h.reach(o.hdr.Max())
	h.sum += o.sum
	h.hdr.Merge(o.hdr)
}

// Count returns how many there are.
func (h *Histogram) Count() int64 {
	if h.hdr == nil {
		return 0
	}
	return h.hdr.TotalCount()
}

// Quantile returns the least duration counted that a fraction q of all does not
// exceed.
func (h *Histogram) Quantile(q float64) time.Duration {
	d, _ := h.QuantileWith(q, 0)
	return d
}

// QuantileWith is Quantile if there were more besides that never ended; ok is
// false if it is one of those, or if nothing was counted.
func (h *Histogram) QuantileWith(q float64, endless int64) (d time.Duration, ok bool) {
	n := h.Count()
	at := rank(q, n+endless)
	if n == 0 || at > n {
		return 0, false
	}
	// HdrHistogram rounds the rank: this is the fraction that it takes for ours.
	return time.Duration(h.hdr.ValueAtPercentile(100 * float64(at) / float64(n))), true
}

// rank is the nearest rank of a quantile, from 1 to n.
func rank(q float64, n int64) int64 {
	const inexact = 1e-12 // 0.07 * 100 is 7, and a bit
	return min(max(int64(math.Ceil(q*float64(n)*(1-inexact))), 1), n)
}

// Mean returns the mean duration.
func (h *Histogram) Mean() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.Count()))
}

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration {
	if h.hdr == nil {
		return 0
	}
	return time.Duration(h.hdr.Max())
}

// MarshalJSON implements json.Marshaler.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.Count() == 0 {
		return []byte(`""`), nil
	}
	text, err := h.hdr.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*h = Histogram{}
	if text == "" {
		return nil
	}
	hdr, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return fmt.Errorf("loadtest: histogram: %w", err)
	}
	return h.take(hdr)
}

// take counts what a histogram has that was read. One that counts in other
// steps, as those written before there were nanoseconds did, gives each value
// as the most it may have been: that is what its own quantiles say.
func (h *Histogram) take(hdr *hdrhistogram.Histogram) error {
	var above int64
	for _, bar := range hdr.Distribution() {
		switch {
		case bar.Count == 0:
		case bar.From > longest:
			above += bar.Count
		default:
			v := min(bar.To, longest)
			h.reach(v)
			_ = h.hdr.RecordValues(v, bar.Count) // within reach
		}
	}
	if above > 0 {
		return fmt.Errorf("loadtest: histogram: %d values above %v", above, time.Duration(longest))
	}
	h.sum = hdr.Mean() * float64(hdr.TotalCount())
	return nil
}

// IsZero lets an empty histogram be left out of JSON.
func (h Histogram) IsZero() bool { return h.Count() == 0 }
