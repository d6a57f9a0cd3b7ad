package top

import (
	"cmp"
	"fmt"
	"time"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// Snapshot is all that a frame shows.
type Snapshot struct {
	Address string
	Version string // of the server; "" if it does not say
	Status  *pb.StatusResponse
	Rates   Rates
	Batches Batches
	Problem string // why the server cannot be asked; "" if it can
}

// Style is what a line of a frame is.
type Style int

// The styles.
const (
	Plain Style = iota
	Title
	Heading
	Alarm
	Faint
)

// Line is a line of a frame.
type Line struct {
	Text  string
	Style Style
}

// The least size that a frame is laid out for.
const (
	MinWidth  = 60
	MinHeight = 14
)

// Frame lays a snapshot out in lines of a width, as many as height.
func Frame(s *Snapshot, width, height int) []Line {
	width, height = max(width, MinWidth), max(height, MinHeight)
	lines := append(head(s), Line{})
	const fixed = 3 + 2 + 1 // headings, gaps, the foot
	rows := divide(height-len(lines)-fixed, max(len(s.Batches.Kernels), 1), max(len(s.Rates.Tenants), 1))
	lines = append(append(lines, kernelLines(s, rows[0])...), Line{})
	lines = append(append(lines, tenantLines(s, rows[1])...), Line{})
	lines = append(lines, recentLines(s, rows[2])...)
	for len(lines) < height-1 {
		lines = append(lines, Line{})
	}
	lines = append(lines[:height-1], foot(s))
	for i := range lines {
		lines[i].Text = fit(clean(lines[i].Text), width)
	}
	return lines
}

// divide shares rows among kernels, tenants and recent batches. Each gets a
// third; what kernels and tenants do not need of theirs the others get.
func divide(rows, kernels, tenants int) [3]int {
	third := rows / 3
	t := min(tenants, third)
	k := min(kernels, rows-t-third)
	return [3]int{k, t, max(rows-k-t, 0)}
}

func head(s *Snapshot) []Line {
	st := s.Status
	state, style := "ready", Title
	switch {
	case s.Problem != "":
		state, style = "NOT REACHABLE", Alarm
	case st.GetDraining():
		state, style = "DRAINING", Alarm
	}
	d, j, o := st.GetDevice(), st.GetJobs(), st.GetOperands()
	return []Line{
		{fmt.Sprintf("%s  metallic-sched %s  up %s  %s", state, cmp.Or(s.Version, "(version unknown)"),
			age(time.Duration(st.GetUptimeNs())), s.Address), style},
		{fmt.Sprintf("device    %s: %s, %d threads", d.GetBackend(), d.GetName(), d.GetThreads()), Plain},
		{fmt.Sprintf("now       jobs/s %-9s batches/s %-9s mean batch %-7s busy %s",
			rate(s.Rates.Jobs), rate(s.Batches.Rate), rate(s.Batches.Mean), percent(s.Rates.Busy)), Title},
		{"jobs      " + jobCounts(j), Plain},
		{fmt.Sprintf("operands  %d loaded with %s, %d named; %d sessions, %d streams",
			o.GetLoaded(), size(o.GetLoadedBytes()), o.GetNamed(), st.GetSessions(), st.GetStreams()), Plain},
	}
}

// jobCounts leaves out what never happened.
func jobCounts(j *pb.Audit) string {
	text := fmt.Sprintf("%s in flight, %s done, %s failed", grouped(j.GetInFlight()), grouped(j.GetDone()), grouped(j.GetFailed()))
	for _, end := range []struct {
		name string
		n    int64
	}{{"cancelled", j.GetCancelled()}, {"expired", j.GetExpired()}, {"rejected", j.GetRejected()}} {
		if end.n > 0 {
			text += fmt.Sprintf(", %s %s", grouped(end.n), end.name)
		}
	}
	return text
}

func foot(s *Snapshot) Line {
	switch {
	case s.Problem != "":
		return Line{s.Problem, Alarm}
	case s.Batches.Problem != "":
		return Line{"no batches are shown: " + s.Batches.Problem, Alarm}
	case s.Batches.Missed > 0:
		return Line{fmt.Sprintf("q quits; %s batches came too fast to be counted here", grouped(int64(s.Batches.Missed))), Faint}
	}
	return Line{"q quits", Faint}
}
