package loadtest

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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
