package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/metrics"
)

// retrace is what a replay has shown.
type retrace struct {
	trace   *metrics.Trace
	replay  *actors.Replay
	changed []table.Row
}

func (r *retrace) write(w io.Writer, show int) {
	if len(r.changed) > 0 {
		t := newTable(w, "Changed configuration", 1, "", "recorded", "replayed")
		t.AppendRows(r.changed)
		t.Render()
	}
	r.totals(w)
	r.moves(w)
	r.differences(w, show)
	r.footnotes(w)
}

// totals sets the recorded batches beside those of the replay.
func (r *retrace) totals(w io.Writer) {
	a, b := &r.replay.Recorded, &r.replay.Replayed
	t := newTable(w, "Batches on "+r.trace.Setup.Device, 1, "", "recorded", "replayed")
	t.AppendRow(table.Row{"batches", a.Batches, b.Batches})
	t.AppendRow(table.Row{"jobs or parts", a.Jobs, b.Jobs})
	t.AppendRow(table.Row{"columns", a.Columns, b.Columns})
	t.AppendRow(table.Row{"mean batch", fmt.Sprintf("%.2f", a.MeanJobs()), fmt.Sprintf("%.2f", b.MeanJobs())})
	if len(r.changed) == 0 {
		t.AppendRow(table.Row{"device time", shortTime(a.Device), shortTime(b.Device)})
	} else {
		t.AppendRow(table.Row{"device time", shortTime(a.Device), ""})
		t.AppendRow(table.Row{"the same, predicted", shortTime(a.Predicted), shortTime(b.Predicted)})
	}
	reasons := maps.Clone(a.Reasons)
	maps.Copy(reasons, b.Reasons)
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		t.AppendRow(table.Row{"closed: " + name, a.Reasons[name], b.Reasons[name]})
	}
	t.Render()
}

// moves shows what other kernels jobs have, whatever batches they are in.
func (r *retrace) moves(w io.Writer) {
	if len(r.replay.Moved) == 0 {
		return
	}
	t := newTable(w, "Jobs with another kernel", 2, "recorded", "replayed", "jobs")
	for _, m := range slices.SortedFunc(maps.Keys(r.replay.Moved), func(a, b actors.Move) int {
		return cmp.Or(cmp.Compare(a.Recorded.String(), b.Recorded.String()), cmp.Compare(a.Replayed.String(), b.Replayed.String()))
	}) {
		t.AppendRow(table.Row{m.Recorded, m.Replayed, r.replay.Moved[m]})
	}
	t.Render()
}

// differences shows the first slots that were used otherwise.
func (r *retrace) differences(w io.Writer, show int) {
	all := r.replay.Differences
	switch {
	case r.replay.Different == 0 && len(r.replay.Moved) > 0:
		fmt.Fprintf(w, "All %d batches have the same jobs, in the same order.\n", r.replay.Recorded.Batches)
		return
	case r.replay.Different == 0:
		fmt.Fprintf(w, "All %d decisions are the same.\n", r.replay.Recorded.Batches)
		return
	}
	shown := all[:min(max(show, 0), len(all))]
	if len(shown) == 0 {
		return
	}
	t := newTable(w, fmt.Sprintf("Decided differently: the first %d of %d slots", len(shown), r.replay.Different), 4, "slot", "", "at", "job", "jobs", "columns", "why")
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, Align: text.AlignRight}, {Number: 5, Align: text.AlignRight}, {Number: 6, Align: text.AlignRight}})
	for i := range shown {
		d := &shown[i]
		if i > 0 {
			t.AppendSeparator()
		}
		slot := uint64(0)
		for _, c := range []*actors.Choice{d.Recorded, d.Replayed} {
			if c != nil {
				slot = c.Slot
			}
		}
		t.AppendRow(choiceRow(fmt.Sprint(slot), "recorded", d.Recorded))
		t.AppendRow(choiceRow("", "replayed", d.Replayed))
	}
	t.Render()
}

func choiceRow(slot, side string, c *actors.Choice) table.Row {
	if c == nil {
		return table.Row{slot, side, "", "nothing", "", "", ""}
	}
	why := c.CloseReason
	if c.Picked != "" {
		why += ", " + c.Picked
	}
	return table.Row{slot, side, shortTime(c.At), jobNumbers(c), len(c.Shares), c.Columns, why}
}

// jobNumbers lists the first jobs of a batch.
func jobNumbers(c *actors.Choice) string {
	const most = 4
	var parts []string
	for i, s := range c.Shares {
		if i == most {
			parts = append(parts, "...")
			break
		}
		parts = append(parts, fmt.Sprint(s.Job))
	}
	return strings.Join(parts, " ")
}

func (r *retrace) footnotes(w io.Writer) {
	p := r.replay
	fmt.Fprintf(w, "trace    %d jobs, %d left out for having ended, %d batches failed, %d events\n", p.Arrivals, p.Cancels, p.Failures, p.Events)
	if !r.trace.Ended() {
		fmt.Fprintln(w, "         it has no end: the scheduler was not closed, or the last lines are lost")
	}
	if p.Different > 0 {
		fmt.Fprintln(w, "replayed with the same arrivals and free slots; times of batches are predicted by what was measured of all")
	}
	if p.Drained > 0 {
		fmt.Fprintf(w, "         %d more slots at the end, for jobs that would have been left over\n", p.Drained)
	}
	if p.Left > 0 {
		fmt.Fprintf(w, "         %d columns or rows not computed: their jobs ended before their turn\n", p.Left)
	}
}

// shortTime rounds to three digits or so.
func shortTime(d time.Duration) string {
	for unit := time.Second; unit > time.Nanosecond; unit /= 10 {
		if d >= 100*unit {
			return d.Round(unit).String()
		}
	}
	return d.String()
}
