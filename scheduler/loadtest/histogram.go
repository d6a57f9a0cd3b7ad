package loadtest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts durations, each within 0.1 %. Any two can be merged, and
// its JSON is HdrHistogram's own compressed form. The zero Histogram is empty.
// One goroutine at a time may use it.
type Histogram struct {
	hdr *hdrhistogram.Histogram
	sum float64 // of what was recorded here, in nanoseconds
}

const (
	shortest = int64(time.Microsecond)
	longest  = int64(time.Hour)
)

func newHdr() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, 3) }

// Record counts a duration; what is out of range counts as the nearest that
// is not.
func (h *Histogram) Record(d time.Duration) {
	if h.hdr == nil {
		h.hdr = newHdr()
	}
	v := min(max(int64(d), 0), longest)
	h.sum += float64(v)
	_ = h.hdr.RecordValue(v) // within range
}

// Merge adds what another has counted.
func (h *Histogram) Merge(o *Histogram) {
	if o.Count() == 0 {
		return
	}
	if h.hdr == nil {
		h.hdr = newHdr()
	}
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

// Quantile returns the duration that a fraction q of all does not exceed.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.hdr == nil {
		return 0
	}
	return time.Duration(h.hdr.ValueAtPercentile(100 * q))
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
	h.hdr = newHdr()
	if dropped := h.hdr.Merge(hdr); dropped > 0 {
		return fmt.Errorf("loadtest: histogram: %d values above %v", dropped, time.Duration(longest))
	}
	h.sum = h.hdr.Mean() * float64(h.hdr.TotalCount())
	return nil
}

// IsZero lets an empty histogram be left out of JSON.
func (h Histogram) IsZero() bool { return h.Count() == 0 }
