package dashboard

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/metallic-sched/metallic-sched/metrics"
)

const (
	historySeconds = 300
	// Latencies are of the last minute, in slots of slotSeconds.
	slotSeconds  = 5
	latencySlots = 60 / slotSeconds
)

// second is what ended within one second.
type second struct {
	at            int64 // Unix time
	jobs, batches int
	device        time.Duration
	oldest        time.Duration // the longest time from a job's arrival to its end
}

// history holds the last minutes, second by second.
type history struct {
	seconds [historySeconds]second // that of time t at t modulo the length
	latency *hdrhistogram.WindowedHistogram
	slot    int64
}

func newHistory() history {
	// Microseconds, up to an hour, two digits.
	return history{latency: hdrhistogram.NewWindowed(latencySlots, 1, int64(time.Hour/time.Microsecond), 2)}
}

func (h *history) add(now time.Time, r *metrics.Decision) {
	h.turn(now)
	s := h.second(now.Unix())
	s.device += r.DeviceTime
	if r.Check != "" {
		return
	}
	s.jobs += r.Jobs
	s.batches++
	s.oldest = max(s.oldest, r.Total)
	_ = h.latency.Current.RecordValue(min(int64(r.Total/time.Microsecond), int64(time.Hour/time.Microsecond)))
}

// turn drops the slots that are older than a minute.
func (h *history) turn(now time.Time) {
	slot := now.Unix() / slotSeconds
	for n := min(slot-h.slot, latencySlots); n > 0; n-- {
		h.latency.Rotate()
	}
	h.slot = max(h.slot, slot)
}

// second returns the second of a time, empty if it was that of another before.
func (h *history) second(at int64) *second {
	s := &h.seconds[at%historySeconds]
	if s.at != at {
		*s = second{at: at}
	}
	return s
}

// Rates are averages over the last whole seconds, and latencies, in
// nanoseconds, of the oldest job of each batch of the last minute.
type Rates struct {
	JobsPerSecond    float64       `json:"jobs_per_second"`
	BatchesPerSecond float64       `json:"batches_per_second"`
	MeanBatch        float64       `json:"mean_batch"` // jobs
	Busy             float64       `json:"busy"`       // of the device, 0 to 1
	P50              time.Duration `json:"p50_ns"`
	P90              time.Duration `json:"p90_ns"`
	P99              time.Duration `json:"p99_ns"`
	Max              time.Duration `json:"max_ns"`
}

const rateSeconds = 3

func (h *history) rates(now time.Time) Rates {
	h.turn(now)
	var sum second
	for i := range int64(rateSeconds) {
		s := h.second(now.Unix() - 1 - i)
		sum.jobs, sum.batches, sum.device = sum.jobs+s.jobs, sum.batches+s.batches, sum.device+s.device
	}
	latency := h.latency.Merge()
	at := func(quantile float64) time.Duration {
		return time.Duration(latency.ValueAtQuantile(quantile)) * time.Microsecond
	}
	return Rates{
		JobsPerSecond:    float64(sum.jobs) / rateSeconds,
		BatchesPerSecond: float64(sum.batches) / rateSeconds,
		MeanBatch:        float64(sum.jobs) / float64(max(sum.batches, 1)),
		Busy:             min(1, sum.device.Seconds()/rateSeconds),
		P50:              at(50), P90: at(90), P99: at(99),
		Max: time.Duration(latency.Max()) * time.Microsecond,
	}
}

// last returns the last n whole seconds, the oldest first.
func (h *history) last(now time.Time, n int) []second {
	list := make([]second, n)
	for i := range list {
		list[i] = *h.second(now.Unix() - int64(n-i))
	}
	return list
}
