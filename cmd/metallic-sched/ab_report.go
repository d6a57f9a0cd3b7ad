package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"golang.org/x/perf/benchunit"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/ab"
)

// abReport is what a contest found, and of what.
type abReport struct {
	A *ab.Program `json:"a"`
	B *ab.Program `json:"b"`
	*ab.Report
}

// show writes the report in the form that was asked for.
func (c *abCommand) show(s streams, r *abReport) error {
	switch {
	case c.JSON:
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case c.CSV:
		return r.writeCSV(s.out)
	}
	r.write(s.out)
	return nil
}

func (r *abReport) write(w io.Writer) {
	if r.Interrupted {
		fmt.Fprintln(w, "Interrupted: this is what was measured so far.")
	}
	fmt.Fprintf(w, "a          %v\nb          %v\n", r.A, r.B)
	fmt.Fprintf(w, "runs       %d of each side in %v, in pairs ordered by seed %d, after one pair that does not count; %s at them\n",
		r.Pairs, r.Elapsed.Round(100*time.Millisecond), r.Seed, count(len(r.Looks), "look"))
	for _, out := range r.LeftOut {
		fmt.Fprintf(w, "left out   %s\n", out)
	}
	labels, shared := r.Labels()
	if shared != "" {
		fmt.Fprintf(w, "rows       %s\n", shared)
	}
	t := newTable(w, "Change of b against a, "+r.Unit, 1, "", "a", "b", "change", "between", "verdict", "U test")
	for i := range r.Rows {
		row := &r.Rows[i]
		t.AppendRow(table.Row{
			labels[i], r.side(row.A), r.side(row.B), signed(row.Change.Mid), between(row.Change),
			row.Verdict, fmt.Sprintf("p=%.3f", row.U),
		})
	}
	t.Render()
	r.conclude(w, labels)
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// side writes a median with the greater half of its interval, as benchstat
// does.
func (r *abReport) side(i ab.Interval) string {
	value := benchunit.Scale(i.Mid, benchunit.ClassOf(r.Unit))
	if i.Open() {
		return value + " ± ∞"
	}
	return fmt.Sprintf("%s ± %.0f%%", value, 100*max(i.High/i.Mid-1, 1-i.Low/i.Mid))
}

func signed(x float64) string { return fmt.Sprintf("%+.2f%%", 100*x) }

func between(i ab.Interval) string {
	if i.Open() {
		return "unknown"
	}
	return signed(i.Low) + " to " + signed(i.High)
}

// conclude says what the verdicts come to, what is missing, and what they are
// worth.
func (r *abReport) conclude(w io.Writer, labels []string) {
	var parts []string
	for _, v := range []ab.Verdict{ab.Slower, ab.Faster, ab.More, ab.Less, ab.Equal} {
		if n := r.Count(func(have ab.Verdict) bool { return have == v }); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if n := r.Count(func(v ab.Verdict) bool { return v == ab.Unsure }); n > 0 {
		parts = append(parts, fmt.Sprintf("%d cannot be told", n))
	}
	fmt.Fprintf(w, "Side b, of %s: %s. Equal is what differs by less than %s.\n", count(len(r.Rows), "row"), strings.Join(parts, ", "), percent(r.Least, 1))
	for _, lost := range r.Lost {
		fmt.Fprintf(w, "warning: %v; they count as endlessly late, and leave the others less to wait for\n", lost)
	}
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Need != nil {
			fmt.Fprintf(w, "cannot tell %s: %s\n", labels[i], r.missing(row.Need))
		}
	}
	fmt.Fprintf(w, "Over all rows (Holm's correction) and looks, the chance is at most %s that any row is found to differ whose sides\n"+
		"are the same, and at most %[1]s that any is found equal which differs by %[2]s or more. \"between\" is at the level of the\n"+
		"verdict. The U test is benchstat's, for comparison: it knows no pairs, other rows or looks, and decides nothing.\n",
		percent(r.Alpha, 1), percent(r.Least, 1))
}

func (r *abReport) missing(n *ab.Need) string {
	more := time.Duration(n.More) * r.PairTime()
	if n.Visible == 0 {
		return fmt.Sprintf("no difference is visible with %s; needs at least %d more of each side (%v)", count(r.Pairs, "run"), n.More, rough(more))
	}
	return fmt.Sprintf("differences under %s are invisible with %s; needs about %d more of each side (%v)",
		percent(n.Visible, 1), count(r.Pairs, "run"), n.More, rough(more))
}

var abHeader = []string{
	"row", "unit", "a", "a_low", "a_high", "b", "b_low", "b_high", "change", "change_low", "change_high",
	"level", "verdict", "u_test_p", "visible", "more_runs",
}

// writeCSV writes a line for each row; what is not known is empty.
func (r *abReport) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(abHeader); err != nil {
		return err
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		line := []string{row.Name, r.Unit}
		for _, interval := range []ab.Interval{row.A, row.B, row.Change} {
			line = append(line, bounds(interval)...)
		}
		line = append(line, exact(row.Level), string(row.Verdict), exact(row.U))
		need := []string{"", ""}
		if n := row.Need; n != nil {
			need = []string{exact(n.Visible), strconv.Itoa(n.More)}
		}
		if err := out.Write(append(line, need...)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// bounds are the fields of an interval.
func bounds(i ab.Interval) []string {
	if i.Open() {
		return []string{exact(i.Mid), "", ""}
	}
	return []string{exact(i.Mid), exact(i.Low), exact(i.High)}
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
