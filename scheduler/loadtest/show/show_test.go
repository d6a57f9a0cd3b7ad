package show

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// exampleRun is two stages of a run whose numbers are easy to check: in the
// second everything is ten times as slow.
func exampleRun(t *testing.T, name string) *loadtest.Results {
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	write := func(r loadtest.Record) {
		r.V = loadtest.Version
		require.NoError(t, lines.Encode(r))
	}
	write(loadtest.Record{Kind: loadtest.KindRun, Run: &loadtest.RunInfo{
		Name: name, Device: "cpu: <b>fast</b>", Mix: "x", Loop: loadtest.LoopOpen, Kinds: []string{"gemv", "<own>"}, MaxLag: 0.25,
		Env: map[string]string{"METALLIC_DEVICE": "cpu"}, Time: time.Unix(0, 0).UTC(),
	}})
	for stage := range 2 {
		slow := time.Duration(1 + 9*stage)
		for i := range 4 {
			w := exampleWindow(slow)
			w.Stage, w.Index, w.Start, w.Length = stage, i, time.Duration(i)*time.Second, time.Second
			w.Warm = i == 0
			write(loadtest.Record{Kind: loadtest.KindWindow, Window: w})
		}
		write(loadtest.Record{Kind: loadtest.KindStage, Stage: &loadtest.StageEnd{
			Stage: stage, Name: []string{"100/s", "200/s"}[stage], Rate: float64(100 * (stage + 1)), Length: 4 * time.Second,
			Due: 404, Sent: 404, Last: 4 * time.Second,
		}})
	}
	write(loadtest.Record{Kind: loadtest.KindEnd, End: &loadtest.RunEnd{Checked: 33, Audit: &job.Audit{Submitted: 808, Done: 800, Expired: 8}}})
	runs, err := loadtest.Read(&out)
	require.NoError(t, err)
	return runs[0]
}

func exampleWindow(slow time.Duration) *loadtest.Window {
	var due, sent loadtest.Histogram
	for i := range 100 {
		due.Record(time.Duration(i+1) * time.Millisecond * slow)
		sent.Record(time.Millisecond * slow)
	}
	return &loadtest.Window{
		Sent:    101,
		Kinds:   []loadtest.KindCount{{Kind: "gemv", Outcomes: loadtest.Outcomes{Done: 100, Expired: 1}, Intended: due, Actual: sent}},
		Tenants: []loadtest.TenantCount{{Tenant: "a", Jobs: 50, Asked: 50, Served: 50}, {Tenant: "b", Jobs: 51, Asked: 51, Served: 25.5}},
		Batches: []loadtest.BatchCount{{Variant: "matmul smalln N8", Jobs: 5, Count: 16, Device: time.Millisecond}, {Variant: "matmul gemv -", Jobs: 1, Count: 20}},
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Text(&out, []*loadtest.Results{exampleRun(t, "first"), exampleRun(t, "second")}))
	text := out.String()
	for _, want := range []string{
		`first +│ 100/s │ +100 │ 100\.0 % │ +4 │ +0 │ +50ms │ +90ms │ +99ms │ +100ms │ +100ms │ +1ms │ +0s │ +2\.8 │ 0\.900 │ +yes`,
		`second │ 200/s │ +100 │ .* │ 500ms │`,
		`808 submitted = 800 done \+ 0 failed .*: balances`,
		`33 sampled values agree with a float64 reference`,
		`variable +METALLIC_DEVICE=cpu`,
		`b +│ +204 │ +50\.0 % │`,
		`matmul smalln N8 │ +48 │ +240 │ +5 │ +3ms │`,
		`gemv │ +400 │ +0 │ +4 │`,
		`verdict    passed`,
	} {
		require.Regexp(t, want, text)
	}
}

func TestCSVAndJSON(t *testing.T) {
	runs := []*loadtest.Results{exampleRun(t, "a,b")}
	var out bytes.Buffer
	require.NoError(t, CSV(&out, runs))
	lines, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 3)
	require.Equal(t, "a,b", lines[1][0])
	require.Equal(t, "p99_ms", lines[0][12])
	require.Regexp(t, `^99\d\.`, lines[2][12])

	require.NoError(t, JSON(&out, runs))
	var read []struct{ Stages []Row }
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	require.Equal(t, rows(runs[0]), read[0].Stages)
}

// TestHTML: the page is whole, has all pictures, and needs nothing from
// elsewhere. What came from outside is text.
func TestHTML(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, HTML(&out, []*loadtest.Results{exampleRun(t, "first"), exampleRun(t, "<i>second</i>")}))
	page := out.String()
	require.NotRegexp(t, `(?i)<script|<link|<img|<iframe|@import|url\(|src=|href=`, page)
	require.NotContains(t, page, "<b>fast</b>")
	require.NotContains(t, page, "<i>second</i>")
	drawings := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1)
	require.Len(t, drawings, 6)
	for i, want := range []string{
		"Latency against rate", "Latency by percentile", "Jobs over time", "Latency over time", "jobs in a batch", "matmul smalln N8",
	} {
		require.Contains(t, drawings[i], want)
		require.NotContains(t, drawings[i], "NaN")
		require.NotContains(t, drawings[i], "Inf")
		wellFormed(t, drawings[i])
	}
	legends := regexp.MustCompile(`(?s)<figcaption>.*?</figcaption>`).FindAllString(page, -1)
	require.Len(t, legends, 6)
	for i, want := range []string{"first p50", "&lt;i&gt;second&lt;/i&gt; 200/s", "first", "first", "first", "first"} {
		require.Contains(t, legends[i], want)
	}
}

// TestManyStages: as many curves as can be told apart, and kernels as there is
// room for; the rest is told.
func TestManyStages(t *testing.T) {
	var runs []*loadtest.Results
	for range 5 {
		runs = append(runs, exampleRun(t, "run"))
	}
	for i := range 20 {
		w := runs[0].Windows[0][1]
		w.Batches = append(w.Batches, loadtest.BatchCount{Variant: "kernel " + string(rune('a'+i)), Jobs: 1, Count: int64(100 + i)})
	}
	curves, err := percentiles(runs)
	require.NoError(t, err)
	require.Len(t, curves.Legend, mostCurves)
	require.Equal(t, "and 1 more stages, see the table", curves.Note)
	seen := map[entry]bool{}
	for _, e := range curves.Legend {
		seen[entry{Colour: e.Colour}] = true
	}
	require.Len(t, seen, mostCurves, "a colour each")
	bars, err := decisions(runs)
	require.NoError(t, err)
	require.Equal(t, "and 10 kernels with fewer jobs", bars.Note)
}

func TestRoundTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 17.5, "0 5 10 15"},
		{0, 3000, "0 500 1000 1500 2000 2500 3000"},
		{0.3, 0.9, "0.3 0.4 0.5 0.6 0.7 0.8 0.9"},
		{-3, 8, "-2 0 2 4 6 8"},
		{5, 5, "5"},
	} {
		var labels []string
		for _, tick := range roundTicks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		require.Equal(t, c.want, strings.Join(labels, " "))
	}
}

func wellFormed(t *testing.T, text string) {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else {
			require.NoError(t, err)
		}
	}
}

// TestNothingMeasured: a run that was interrupted before anything was done can
// be shown.
func TestNothingMeasured(t *testing.T) {
	runs, err := loadtest.Read(strings.NewReader(`{"v":1,"kind":"run","run":{"name":"x"}}
{"v":1,"kind":"stage","stage":{"name":"s"}}`))
	require.NoError(t, err)
	for _, write := range []func(io.Writer, []*loadtest.Results) error{Text, JSON, CSV, HTML} {
		var out bytes.Buffer
		require.NoError(t, write(&out, runs))
		require.NotEmpty(t, out.String())
	}
}

// TestCurve: quantiles go as far as there are jobs to tell them.
func TestCurve(t *testing.T) {
	var h loadtest.Histogram
	for i := range 1000 {
		h.Record(time.Duration(i+1) * time.Millisecond)
	}
	xys := curve(&h)
	last := xys[len(xys)-1]
	require.InDelta(t, 1000, last.X, 1)
	require.InDelta(t, 999, last.Y, 2)
	require.InDelta(t, 1, xys[0].Y, 0.1)
}
