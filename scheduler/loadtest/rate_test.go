package loadtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseShape(t *testing.T) {
	const length = 10 * time.Second
	for text, want := range map[string]Shape{
		"5000":                   Constant(5000),
		"constant:0.5":           Constant(0.5),
		"ramp:100-5000":          Ramp(100, 5000, length),
		"step:1-2":               Steps(5*time.Second, 1, 2),
		"burst:10+90/100ms/1s":   Burst(10, 90, 100*time.Millisecond, time.Second),
		"burst:1e3+9e3/1ms/10ms": Burst(1e3, 9e3, time.Millisecond, 10*time.Millisecond),
	} {
		s, mean, err := ParseShape(text, length)
		require.NoError(t, err, text)
		require.Equal(t, want, s, text)
		require.InDelta(t, want.Hits(length)/10, mean, 1e-9, text)
	}
	for text, want := range map[string]string{
		"":                      `"" is no rate`,
		"0":                     `"0" is no rate from above 0`,
		"NaN":                   `"NaN" is no rate`,
		"-5":                    "2 rates",
		"1e9":                   "is no rate",
		"ramp:5":                "1 rates",
		"sine:5":                `no shape is called "sine"`,
		"burst:5":               "a burst has a base",
		"burst:1+2/2s/1s":       "a burst of 2s does not fit a period of 1s",
		"burst:1+2/x/1s":        "invalid duration",
		"burst:1+2/1ms/1s/more": "a burst has",
	} {
		_, _, err := ParseShape(text, length)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "allowed: 5000, ramp:", text)
	}
}
