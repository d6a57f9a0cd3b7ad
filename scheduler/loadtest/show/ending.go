package show

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// ending says what was found out about results and books.
func ending(e *loadtest.RunEnd) (out [][2]string) {
	results := fmt.Sprintf("%d sampled values agree with a float64 reference", e.Checked)
	switch {
	case e.Wrong > 0:
		results = fmt.Sprintf("%d WRONG of %d sampled values, first %s", e.Wrong, e.Checked, e.WrongFirst)
	case e.Unchecked != "":
		results = "NOT CHECKED: " + e.Unchecked
	case e.Checked == 0:
		results = "NOT CHECKED: no job was done"
	}
	out = append(out, [2]string{"numbers", results})
	if a := e.Audit; a != nil {
		books := fmt.Sprintf("%d submitted = %d done + %d failed + %d cancelled + %d expired + %d rejected + %d in flight",
			a.Submitted, a.Done, a.Failed, a.Cancelled, a.Expired, a.Rejected, a.InFlight)
		if e.AuditWrong != "" {
			books += ": WRONG: " + e.AuditWrong
		} else {
			books += ": balances, and is what was sent"
		}
		out = append(out, [2]string{"audit", books})
	}
	if e.FailedFirst != "" {
		out = append(out, [2]string{"failures", "first " + e.FailedFirst})
	}
	if e.Dropped > 0 {
		out = append(out, [2]string{"decisions", fmt.Sprintf("%d batches or more were not seen", e.Dropped)})
	}
	if e.Interrupted {
		out = append(out, [2]string{"interrupted", "this is what was measured so far"})
	}
	return out
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// number writes a number with no more digits than say something.
func number(x float64) string {
	switch {
	case x >= 100 || x == float64(int64(x)):
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}
