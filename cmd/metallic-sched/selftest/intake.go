package selftest

import (
	"encoding/json"
	"errors"
)

// intake takes in what a part's process prints.
type intake struct {
	part       Part
	runner     *Runner
	transcript *transcript // conformance; of other parts only what is no event
	doing      string      // said last
	result     json.RawMessage
	err        error
}

func (i *intake) line(text string) {
	if i.part == PartConformance {
		if began := i.transcript.add(text); began != "" && began != rootTest {
			i.runner.Progress(i.part, checkName(began))
		}
		return
	}
	var e event
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		i.transcript.rest = append(i.transcript.rest, text) // of a library, say
		return
	}
	switch {
	case e.Progress != "":
		i.doing = e.Progress
		i.runner.Progress(i.part, e.Progress)
	default:
		i.result = e.Result
		if e.Error != "" {
			i.err = errors.New(e.Error)
		}
	}
}

// complete reports whether the conformance suite ended, and did not crash.
func (i *intake) complete() bool {
	root := i.transcript.tests[rootTest]
	return root != nil && root.Outcome != NotRun
}

// settle puts the results into the report and returns their outcome.
func (i *intake) settle(report *Report) Outcome {
	if i.part == PartConformance {
		report.Conformance = &Conformance{Checks: i.transcript.checks()}
		for n := range report.Conformance.Checks {
			c := &report.Conformance.Checks[n]
			c.Log = i.runner.Scrub(c.Log)
		}
		if len(report.Conformance.Checks) == 0 {
			return Failed
		}
		return report.Conformance.outcome()
	}
	if i.result == nil {
		return Failed
	}
	outcome, err := report.take(i.part, i.result, i.runner.Scrub)
	i.err = errors.Join(i.err, err)
	return outcome
}
