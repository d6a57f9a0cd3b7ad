package top

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// nameWidth is the width of the first column.
const nameWidth = 22

func kernelLines(s *Snapshot, rows int) []Line {
	const form = "%s %9s %9s %6s %7s  %s"
	lines := []Line{{fmt.Sprintf(form, fit("KERNEL", nameWidth), "batches/s", "jobs/s", "mean", "device", "because"), Heading}}
	for _, k := range s.Batches.Kernels[:min(rows, len(s.Batches.Kernels))] {
		name := fit(clean(fmt.Sprintf("%s %s/%s", k.Op, k.Backend, k.Variant)), nameWidth)
		lines = append(lines, Line{Text: fmt.Sprintf(form, name, rate(k.Rate), rate(k.Jobs), rate(k.Mean), percent(k.Busy), k.Reason)})
	}
	if len(s.Batches.Kernels) == 0 {
		lines = append(lines, Line{"no batches yet", Faint})
	}
	return lines
}

func tenantLines(s *Snapshot, rows int) []Line {
	const form = "%s %9s %9s %14s %7s  %s"
	lines := []Line{{fmt.Sprintf(form, fit("TENANT", nameWidth), "in flight", "jobs/s", "done", "device", "not done"), Heading}}
	for _, t := range s.Rates.Tenants[:min(rows, len(s.Rates.Tenants))] {
		name := fit(clean(cmp.Or(t.Name, "(no name)")), nameWidth)
		lines = append(lines, Line{Text: fmt.Sprintf(form, name, grouped(t.InFlight), rate(t.Jobs), grouped(t.Done), percent(t.Busy), grouped(t.Bad))})
	}
	if len(s.Rates.Tenants) == 0 {
		lines = append(lines, Line{"no tenants yet", Faint})
	}
	return lines
}

func recentLines(s *Snapshot, rows int) []Line {
	lines := []Line{{"RECENT BATCHES", Heading}}
	list := s.Batches.Recent
	for i := len(list) - 1; i >= 0 && len(list)-i <= rows; i-- {
		d := list[i]
		line := Line{Text: fmt.Sprintf("%s %s %s ", time.Unix(0, d.GetTimeUnixNs()).Format(time.TimeOnly),
			fit(clean(fmt.Sprintf("%s %s/%s", d.GetOp(), d.GetBackend(), d.GetVariant())), 17), fit(shape(d), 14))}
		if d.GetOutcome() != "done" {
			line.Text += d.GetOutcome() + ": "
			line.Style = Alarm
		}
		line.Text += fmt.Sprintf("%s waited %s, took %s", jobs(d.GetJobs()), short(d.GetQueueNs()), short(d.GetDeviceNs()))
		lines = append(lines, line)
	}
	return lines
}

func jobs(n int64) string {
	if n == 1 {
		return "1 job"
	}
	return grouped(n) + " jobs"
}

// shape takes a batch's size out of its record: batch*MxKxN, or batch*MxN for
// the rows of a softmax.
func shape(d *pb.Decision) string {
	var record struct {
		Normalised struct{ Batch, M, N, K int }
	}
	if json.Unmarshal(d.GetJson(), &record) != nil {
		return fmt.Sprintf("%d wide", d.GetColumns())
	}
	n := record.Normalised
	text := fmt.Sprintf("%dx%d", n.M, n.N)
	if n.K > 0 {
		text = fmt.Sprintf("%dx%dx%d", n.M, n.K, n.N)
	}
	if n.Batch > 1 {
		text = fmt.Sprintf("%d*%s", n.Batch, text)
	}
	return text
}
