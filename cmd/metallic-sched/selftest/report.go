package selftest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// Schema is the version of the report's form.
const Schema = 1

// Report is all that a self-test found. Nothing in it says whose machine it was.
type Report struct {
	Schema      int               `json:"schema"`
	Passed      bool              `json:"passed"`
	Time        time.Time         `json:"time"`
	Program     Program           `json:"program"`
	Machine     Machine           `json:"machine"`
	Environment map[string]string `json:"environment"` // METALLIC_*
	Requested   string            `json:"requested_device"`
	Quick       bool              `json:"quick"`

	Parts       []Ending     `json:"parts"`
	Device      *Device      `json:"device,omitempty"`
	Conformance *Conformance `json:"conformance,omitempty"`
	Numerics    *Numerics    `json:"numerics,omitempty"`
	Benchmark   *Benchmark   `json:"benchmark,omitempty"`
	Scheduler   *Crowd       `json:"scheduler,omitempty"`
}

// NewReport returns one of this program on this machine, with no results.
// environ is the environment; scrub takes out what is private.
func NewReport(environ []string, scrub func(string) string) *Report {
	r := &Report{
		Schema: Schema, Time: time.Now().UTC().Truncate(time.Second),
		Program: program(), Machine: machine(), Environment: map[string]string{},
	}
	for _, v := range environ {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "METALLIC_") {
			r.Environment[name] = scrub(value)
		}
	}
	return r
}

// take decodes a part's result and returns its outcome. Free text in it is
// scrubbed.
func (r *Report) take(part Part, result json.RawMessage, scrub func(string) string) (Outcome, error) {
	var err error
	outcome := Passed
	switch part {
	case PartDevice:
		r.Device = &Device{}
		err = json.Unmarshal(result, r.Device)
		scrubAll(scrub, &r.Device.Name, &r.Device.VendorHelp)
		scrubList(scrub, r.Device.Notes)
	case PartNumerics:
		r.Numerics = &Numerics{}
		err = json.Unmarshal(result, r.Numerics)
		for i := range r.Numerics.Cases {
			scrubAll(scrub, &r.Numerics.Cases[i].Error)
		}
		scrubList(scrub, r.Numerics.Untested)
		outcome = r.Numerics.outcome()
	case PartBenchmark:
		r.Benchmark = &Benchmark{}
		err = json.Unmarshal(result, r.Benchmark)
		for i := range r.Benchmark.Rates {
			scrubAll(scrub, &r.Benchmark.Rates[i].Error)
		}
		outcome = r.Benchmark.outcome()
	case PartScheduler:
		r.Scheduler = &Crowd{}
		err = json.Unmarshal(result, r.Scheduler)
		outcome = r.Scheduler.outcome()
	case PartConformance:
	}
	if err != nil {
		return Failed, fmt.Errorf("selftest: what the %s part found cannot be read: %w", part, err)
	}
	return outcome, nil
}

func scrubAll(scrub func(string) string, texts ...*string) {
	for _, t := range texts {
		*t = scrub(*t)
	}
}

func scrubList(scrub func(string) string, texts []string) {
	for i := range texts {
		texts[i] = scrub(texts[i])
	}
}

// Outcome is that of all parts together.
func (r *Report) Outcome() Outcome {
	all := make([]Outcome, len(r.Parts))
	for i := range r.Parts {
		all[i] = r.Parts[i].Outcome
	}
	return Worst(all...)
}

// DeviceName names the device for people and files.
func (r *Report) DeviceName() string {
	if r.Device == nil {
		return r.Requested
	}
	return r.Device.Backend
}

// FileName is where the report goes unless the user says otherwise.
func (r *Report) FileName() string {
	return fmt.Sprintf("metallic-sched-selftest-%s-%s.json", r.DeviceName(), r.Time.Format("20060102-150405"))
}

// Save writes the report.
func (r *Report) Save(path string) error {
	r.Passed = r.Outcome() == Passed
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
