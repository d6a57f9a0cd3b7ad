package suite

import "time"

// Record is a Result for programs to read.
type Record struct {
	Name        string            `json:"name"`
	Suite       string            `json:"suite"`
	Parts       map[string]string `json:"parts"`
	Asked       Backend           `json:"asked"`
	Round       int               `json:"round"`
	Skipped     string            `json:"skipped,omitempty"`
	Wrong       string            `json:"wrong,omitempty"`
	Backend     string            `json:"backend,omitempty"`
	Variant     string            `json:"variant,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Orientation string            `json:"orientation,omitempty"`
	Ran         string            `json:"ran,omitempty"`
	Checked     int               `json:"checked_values"`
	Ops         int               `json:"ops"`
	Elapsed     time.Duration     `json:"elapsed_ns"`
	Device      time.Duration     `json:"device_ns"`
	// Metrics are by unit, as the Go benchmark format has them.
	Metrics map[string]float64 `json:"metrics,omitempty"`
}

// Record returns r as a Record.
func (r *Result) Record() Record {
	c := r.Case
	out := Record{
		Name: c.Name(), Suite: c.Suite, Parts: map[string]string{}, Asked: c.Backend, Round: r.Round, Skipped: r.Skip,
		Backend: r.Choice.Backend, Variant: r.Choice.Variant, Reason: r.Choice.Reason, Orientation: r.Choice.Orientation,
		Checked: r.Checked, Ops: r.Ops, Elapsed: r.Elapsed, Device: r.Device,
	}
	for _, p := range c.Work.Parts() {
		out.Parts[p.Key] = p.Value
	}
	if r.Wrong != nil {
		out.Wrong = r.Wrong.Error()
	}
	if !r.Measured() {
		return out
	}
	out.Ran, out.Metrics = r.Ran(), map[string]float64{}
	for _, m := range r.Metrics() {
		out.Metrics[m.Unit] = m.Value
	}
	return out
}
