package ab

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPage: there is a picture of all rows and one of each, in the colours of
// the verdicts, and a row whose interval is open has no line.
func TestPage(t *testing.T) {
	r := &Report{Unit: DefaultUnit, Least: 0.02, Rows: []Row{
		{Name: "X/m=1", Verdict: Slower, Change: Interval{0.05, 0.03, 0.07}, Pairs: []float64{0.05, 0.03, 0.07}},
		{Name: "X/m=<2>", Verdict: Unsure, Change: Interval{0.01, math.Inf(-1), math.Inf(1)}, Pairs: []float64{0.01}},
		{Name: AllRows, Verdict: Equal, Change: Interval{0, -0.01, 0.01}, Pairs: []float64{0, 0, 0}},
	}}
	var out bytes.Buffer
	require.NoError(t, r.WritePage(&out, "a < b"))
	pictures := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(out.String(), -1)
	require.Len(t, pictures, 4)
	for _, p := range pictures {
		wellFormed(t, p)
	}
	for _, want := range []string{"m=1  slower", "m=&lt;2&gt;  cannot tell", "geometric mean  equal"} {
		require.Contains(t, pictures[0], want)
	}
	require.Equal(t, 1, strings.Count(pictures[0], "stroke:#D55E00"), "the line of what is slower")
	require.Zero(t, strings.Count(pictures[0], "stroke:#8C8C8C"), "no line, as there is no interval")
	require.Equal(t, 3, strings.Count(pictures[1], "fill:#D55E00"), "a point for each pair")
	require.Contains(t, out.String(), "a &lt; b")
	require.NotRegexp(t, `(src|href)="?http`, out.String(), "nothing is loaded")
}

func wellFormed(t *testing.T, text string) {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
