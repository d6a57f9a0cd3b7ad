package metrics

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

const (
	header = `{"v":1,"kind":"trace","seq":1,"at_ns":0,"setup":{"device":"sim","max_columns":8}}` + "\n"
	slot2  = `{"v":1,"kind":"slot","seq":2,"at_ns":5,"slot":1}` + "\n"
	batch3 = `{"v":1,"kind":"batch","seq":3,"time":"2025-01-02T12:00:01Z","op":"matmul"}` + "\n"
	end4   = `{"v":1,"kind":"end","seq":4,"at_ns":9}` + "\n"
	late5  = `{"v":1,"kind":"slot","seq":5,"at_ns":10,"slot":2}` + "\n"
)

func TestReadTraces(t *testing.T) {
	// Two runs in one file; the last line has no line end.
	runs, err := ReadTraces(strings.NewReader(header + slot2 + batch3 + end4 + late5 + header + strings.TrimSuffix(slot2, "\n")))
	require.NoError(t, err)
	require.Len(t, runs, 2)
	require.Equal(t, Setup{Device: "sim", MaxColumns: 8}, runs[0].Setup)
	require.Equal(t, 1, runs[0].Decisions)
	require.Equal(t, []Event{
		{V: 1, Kind: KindSlot, Seq: 2, At: 5, Slot: 1},
		{V: 1, Kind: KindEnd, Seq: 4, At: 9},
	}, runs[0].Events)
	require.True(t, runs[0].Ended())
	require.False(t, runs[1].Ended())
}

func TestReadTracesRefuses(t *testing.T) {
	for want, file := range map[string]string{
		"line 1: the file is empty":                                        "",
		"line 1: no header before record 2":                                slot2,
		"line 3: record 3 is missing before record 4":                      header + slot2 + end4,
		"line 2: records 2 to 4 are missing before record 5":               header + late5,
		"line 4: record 2 where record 4 is due: another run":              header + slot2 + batch3 + slot2,
		"line 3: not a whole record: unexpected end of JSON input":         header + slot2 + batch3[:20],
		"line 2: not a whole record: invalid character":                    header + "slot\n",
		"line 2: not a whole record: ":                                     header + "[]\n",
		"line 2: the record is of version 2; this program reads version 1": header + strings.Replace(slot2, `"v":1`, `"v":2`, 1),
		"line 1: the record has no version":                                "{}\n",
		"line 1: the header is record 7; it must be record 1":              strings.Replace(header, `"seq":1`, `"seq":7`, 1),
		"line 1: the header has no setup":                                  `{"v":1,"kind":"trace","seq":1}` + "\n",
		`line 2: not a record of this program: json: unknown field "when"`: header + strings.Replace(slot2, "at_ns", "when", 1),
		`line 2: the record cannot be meant: kind "nap" is not known`:      header + strings.Replace(slot2, `"slot",`, `"nap",`, 1),
		"line 2: the record cannot be meant: slot without a slot":          header + strings.Replace(slot2, `"slot":1`, `"slot":0`, 1),
		"line 2: the record cannot be meant: m is -1":                      header + `{"v":1,"kind":"arrival","seq":2,"job":1,"shape":{"m":-1}}`,
		"line 2: the record cannot be meant: job is 1 and priority is 2":   header + `{"v":1,"kind":"arrival","seq":2,"job":1,"priority":2}`,
	} {
		_, err := ReadTraces(strings.NewReader(file))
		var wrong *TraceError
		require.ErrorAs(t, err, &wrong, want)
		require.ErrorContains(t, err, want)
	}
	broken := errors.New("disk on fire")
	_, err := ReadTraces(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}

// A line that a full disk or a kill cut short breaks the run that it is in, and
// no other.
func TestReadTracesGoesOnAfterBrokenRuns(t *testing.T) {
	fragment := batch3[:20] + "\n"
	whole := header + slot2 + batch3 + end4
	const cut = "not a whole record: unexpected end of JSON input"
	for name, test := range map[string]struct {
		file string
		want []string // of each run, "" for a whole one
	}{
		"between two runs":              {header + slot2 + fragment + whole, []string{"line 3: not a whole record: invalid character '\\n'", ""}},
		"within the last":               {whole + header + fragment + end4, []string{"", "line 6: not a whole record: invalid"}},
		"at the end":                    {whole + header + slot2 + batch3[:20], []string{"", "line 7: " + cut}},
		"the first counts":              {header + fragment + slot2 + fragment + whole, []string{"line 2: ", ""}},
		"a header, after a run's end":   {whole + header[:20] + "\n" + slot2 + batch3 + whole, []string{"", "line 5: ", ""}},
		"a header, at the beginning":    {header[:20] + "\n" + slot2 + whole, []string{"line 1: ", ""}},
		"records dropped":               {header + end4 + whole, []string{"line 2: records 2 to 3 are missing", ""}},
		"a whole header, after an end":  {whole + slot2 + whole, []string{"", "line 5: record 2 where record 5 is due", ""}},
		"the beginning is rotated away": {late5 + whole, []string{"line 1: no header before record 5", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			runs, err := ReadTraces(strings.NewReader(test.file))
			require.NoError(t, err)
			require.Len(t, runs, len(test.want))
			for i, want := range test.want {
				if want == "" {
					require.NoError(t, runs[i].Broken)
					require.Equal(t, Setup{Device: "sim", MaxColumns: 8}, runs[i].Setup)
					require.Equal(t, []int{1, 2}, []int{runs[i].Decisions, len(runs[i].Events)})
					continue
				}
				var wrong *TraceError
				require.ErrorAs(t, runs[i].Broken, &wrong)
				require.ErrorContains(t, wrong, want)
			}
		})
	}
	_, err := ReadTraces(strings.NewReader(header + fragment + header + slot2 + fragment))
	require.ErrorContains(t, err, "none of 2 runs is whole; the last: trace: line 5: not a whole record")
}

// FuzzReadTraces: no file makes the reader panic, and a trace that it takes has
// its records in order, and every one in a run.
func FuzzReadTraces(f *testing.F) {
	f.Add([]byte(header + slot2 + batch3 + end4))
	f.Add([]byte(header + slot2 + header))
	f.Add([]byte(header + `{"v":1,"kind":"arrival","seq":2,"job":1,"shape":{"m":-1}}`))
	f.Add([]byte(header + slot2 + batch3[:20]))
	f.Add([]byte(header + slot2 + batch3[:20] + "\n" + header + slot2))
	f.Fuzz(func(t *testing.T, file []byte) {
		runs, err := ReadTraces(strings.NewReader(string(file)))
		if err != nil {
			return
		}
		require.NotEmpty(t, runs)
		require.True(t, slices.ContainsFunc(runs, func(run Trace) bool { return run.Broken == nil }))
		for _, run := range runs {
			last := uint64(1)
			for _, e := range run.Events {
				require.Greater(t, e.Seq, last)
				require.NoError(t, e.check())
				last = e.Seq
			}
		}
	})
}
