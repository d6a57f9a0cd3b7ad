package loadtest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"
)

// TestHistogram: quantiles agree with sorting, in parts that were merged and
// after a way through JSON.
func TestHistogram(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	var parts [3]Histogram
	var all []time.Duration
	for range 30_000 {
		d := time.Duration(dice.ExpFloat64() * float64(5*time.Millisecond))
		all = append(all, d)
		parts[dice.IntN(3)].Record(d)
	}
	slices.Sort(all)
	var whole, read Histogram
	for i := range parts {
		whole.Merge(&parts[i])
		text, err := json.Marshal(parts[i])
		require.NoError(t, err)
		var back Histogram
		require.NoError(t, json.Unmarshal(text, &back))
		read.Merge(&back)
	}
	for _, h := range []*Histogram{&whole, &read} {
		require.EqualValues(t, len(all), h.Count())
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
			want := all[int(q*float64(len(all)))-1]
			require.InEpsilon(t, float64(want), float64(h.Quantile(q)), 0.002, q)
		}
		require.InEpsilon(t, float64(all[len(all)-1]), float64(h.Max()), 0.002)
		require.InEpsilon(t, 5e6, float64(h.Mean()), 0.03)
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h Histogram
	require.Zero(t, h.Count()+int64(h.Quantile(0.5)+h.Mean()+h.Max()))
	text, err := json.Marshal(h)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &h))
	require.Zero(t, h.Count())
	require.ErrorContains(t, json.Unmarshal([]byte(`"nonsense"`), &h), "histogram")
	h.Record(-time.Second)
	h.Record(1000 * time.Hour)
	require.EqualValues(t, 2, h.Count())
}

// TestNearestRank: of 286 of which 3 are above 5 ms, 99 % are not within 5 ms; an
// objective says so, too.
func TestNearestRank(t *testing.T) {
	var h Histogram
	for i := range 286 {
		d := time.Millisecond
		if i < 3 {
			d = 6 * time.Millisecond
		}
		h.Record(d)
	}
	require.Greater(t, h.Quantile(0.99), 5*time.Millisecond)
	o, err := ParseObjective("p99<5ms")
	require.NoError(t, err)
	require.False(t, o.met(&h, 0))

	// Against sorting, for every rank of numbers that have exact ones.
	for n := int64(1); n <= 200; n++ {
		for percent := int64(1); percent <= 100; percent++ {
			require.Equal(t, (percent*n+99)/100, rank(float64(percent)/100, n), "p%d of %d", percent, n)
		}
	}
	require.EqualValues(t, 1, rank(0, 5))
	_, ok := h.QuantileWith(0.5, 285)
	require.True(t, ok, "the 286th of 571")
	_, ok = h.QuantileWith(0.5, 287)
	require.False(t, ok, "the 287th of 573 never ended")
}

// TestHistogramOfShort: what is short is counted as exactly as what is long.
func TestHistogramOfShort(t *testing.T) {
	for d := time.Duration(1); d < time.Hour; d += 1 + d/7 {
		var h Histogram
		h.Record(d)
		require.InEpsilon(t, float64(d), float64(h.Quantile(0.5)), 0.001, d)
	}
}

// TestHistogramGrows: one that was small counts what is long, and the other way
// round.
func TestHistogramGrows(t *testing.T) {
	var small, large Histogram
	small.Record(700)
	large.Record(time.Hour)
	large.Merge(&small)
	small.Merge(&large)
	require.EqualValues(t, 3, small.Count())
	require.EqualValues(t, 700, small.Quantile(0.6))
	require.InEpsilon(t, float64(time.Hour), float64(small.Max()), 0.001)
	require.InEpsilon(t, float64(time.Hour), float64(small.Quantile(1)), 0.001)
}

// TestHistogramOfBefore: what was written when the step was 512 ns is read, and
// has the quantiles that it had.
func TestHistogramOfBefore(t *testing.T) {
	before := hdrhistogram.New(1000, int64(time.Hour), 3)
	for _, d := range []time.Duration{700, 40 * time.Microsecond, time.Millisecond, time.Hour} {
		require.NoError(t, before.RecordValue(int64(d)))
	}
	text, err := before.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	require.NoError(t, err)
	written, err := json.Marshal(string(text))
	require.NoError(t, err)
	var h Histogram
	require.NoError(t, json.Unmarshal(written, &h))
	require.EqualValues(t, 4, h.Count())
	for _, q := range []float64{0.25, 0.5, 0.75} {
		require.InEpsilon(t, float64(before.ValueAtPercentile(100*q)), float64(h.Quantile(q)), 0.001, q)
	}
	require.InEpsilon(t, float64(time.Hour), float64(h.Max()), 0.001)
	require.InEpsilon(t, before.Mean(), float64(h.Mean()), 0.001)
}
