package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/selftest"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/suite"
)

// benchOutput is where results go.
type benchOutput struct {
	s                        streams
	lines                    *suite.Writer // nil for JSON
	records                  *json.Encoder // nil for lines
	live                     string        // clears a live line before other text
	measured, skipped, wrong int
	checked                  int
	computes                 bool
}

func (c *benchCommand) output(s streams, runner *suite.Runner) (*benchOutput, error) {
	o := &benchOutput{s: s, computes: runner.Computes()}
	config := benchConfig(runner)
	if c.JSON {
		o.records = json.NewEncoder(s.out)
		o.records.SetEscapeHTML(false)
		return o, o.records.Encode(map[string]any{"config": configMap(config)})
	}
	var err error
	o.lines, err = suite.NewWriter(s.out, config)
	if err == nil && !o.computes {
		err = o.lines.Comment("%s", notComputed)
	}
	return o, err
}

const notComputed = "NOT CHECKED: the sim device computes nothing"

func configMap(config []suite.Part) map[string]string {
	m := map[string]string{}
	for _, c := range config {
		m[strings.ToLower(c.Key)] = c.Value
	}
	return m
}

// benchConfig says what was measured, and where.
func benchConfig(runner *suite.Runner) []suite.Part {
	info := runner.Info()
	config := []suite.Part{
		{Key: "goos", Value: runtime.GOOS},
		{Key: "goarch", Value: runtime.GOARCH},
		{Key: "cpu", Value: selftest.Processor()},
		{Key: "device", Value: fmt.Sprintf("%s: %s, %d threads", info.Backend, info.Name, info.Threads)},
		{Key: "version", Value: programVersion()},
	}
	var own []string
	for _, v := range os.Environ() {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "METALLIC_") && value != "" {
			own = append(own, v)
		}
	}
	slices.Sort(own)
	for _, v := range own {
		name, value, _ := strings.Cut(v, "=")
		config = append(config, suite.Part{Key: name, Value: value})
	}
	return config
}

// variablesSet lists the METALLIC_ variables that are set.
func variablesSet() (set []string, err error) {
	settings, err := scheduler.EnvSettings()
	for _, s := range settings {
		if s.Set {
			set = append(set, s.Name)
		}
	}
	return set, err
}

// decided says who decides what Auto means, if it is the user.
func (o *benchOutput) decided(cases []suite.Case) error {
	set, err := variablesSet()
	if by := suite.Deciding(cases, set); err == nil && len(by) > 0 && o.lines != nil {
		err = o.lines.Comment("no backend is forced: %s decides", strings.Join(by, ", "))
	}
	return err
}

func (o *benchOutput) emit(r *suite.Result) error {
	switch {
	case r.Wrong != nil:
		o.wrong++
		fmt.Fprintf(o.s.err, "%s%s: %v\n", o.live, r.Case.Name(), r.Wrong)
	case r.Skip != "":
		o.skipped++
		fmt.Fprintf(o.s.err, "%s%s skipped: %s\n", o.live, r.Case.Name(), r.Skip)
	case r.Round == 0:
		o.measured++
		o.checked += r.Checked
	}
	if o.lines != nil {
		return o.lines.Write(r)
	}
	return o.records.Encode(r.Record())
}

// end sums up.
func (o *benchOutput) end() error {
	text := fmt.Sprintf("%d cases measured, %d skipped, %d wrong; ", o.measured, o.skipped, o.wrong)
	if o.computes {
		text += fmt.Sprintf("%d values agree with float64 references", o.checked)
	} else {
		text += notComputed
	}
	if _, err := fmt.Fprintf(o.s.err, "%s%s\n", o.live, text); err != nil || o.lines == nil {
		return err
	}
	return o.lines.Comment("%s", text)
}
