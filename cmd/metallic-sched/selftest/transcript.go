package selftest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Conformance is what the suite found.
type Conformance struct {
	Checks []Check `json:"checks"`
}

// Check is one test of the suite. One with checks below it ("kernels" of
// "kernels/matmul_mlx") fails if one of them does.
type Check struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Seconds float64 `json:"seconds"`
	// Log is what a failed check printed, and of others what they left out and
	// what the device does not offer.
	Log string `json:"log,omitempty"`
}

// leaks is the check that nothing is left over after all others.
const leaks = "goroutines left over"

// transcript turns the output of package testing into checks, line by line.
type transcript struct {
	order []string
	tests map[string]*Check
	logs  map[string]*strings.Builder
	name  string   // whose output it is
	rest  []string // output of no test
}

func newTranscript() *transcript {
	return &transcript{tests: map[string]*Check{}, logs: map[string]*strings.Builder{}}
}

const mark = "\x16" // begins lines of package testing's own

var (
	started = regexp.MustCompile(`^=== (RUN|NAME|CONT|PAUSE)\s+(\S*)$`)
	ended   = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+)s\)$`)
	missing = regexp.MustCompile(`NOT (TESTED|OFFERED): .*`)
)

// add reads a line, without its end. It returns the name of a test that began.
func (t *transcript) add(line string) (began string) {
	at := strings.Index(line, mark)
	if at < 0 {
		t.print(line)
		return ""
	}
	if at > 0 { // a test's output without an end of line
		t.print(line[:at])
	}
	own := line[at+len(mark):]
	if m := started.FindStringSubmatch(own); m != nil {
		t.name = m[2]
		if m[1] == "RUN" {
			t.order = append(t.order, t.name)
			t.tests[t.name] = &Check{Outcome: NotRun}
			t.logs[t.name] = &strings.Builder{}
			return t.name
		}
		return ""
	}
	if m := ended.FindStringSubmatch(own); m != nil {
		if c := t.tests[m[2]]; c != nil {
			c.Outcome = map[string]Outcome{"PASS": Passed, "FAIL": Failed, "SKIP": NotTested}[m[1]]
			c.Seconds, _ = strconv.ParseFloat(m[3], 64)
		}
		t.name = m[2]
	}
	return ""
}

func (t *transcript) print(line string) {
	if log := t.logs[t.name]; log != nil {
		log.WriteString(line + "\n")
		return
	}
	t.rest = append(t.rest, line)
}

// checks returns what was found. A test that began and did not end failed.
func (t *transcript) checks() (all []Check) {
	for _, name := range t.order {
		c := *t.tests[name]
		if c.Outcome == NotRun {
			c.Outcome = Failed
			t.logs[name].WriteString("it did not end\n")
		}
		log := t.logs[name].String()
		if name == rootTest {
			all = append(all, t.leaks(c, log))
			continue
		}
		c.Name = checkName(name)
		if c.Log = log; c.Outcome == Passed {
			c.Log = ""
			c.sayWhatIsMissing(log)
		}
		all = append(all, c)
	}
	return all
}

// leaks turns the test around all others into a check: what it says itself is
// about goroutines.
func (t *transcript) leaks(c Check, log string) Check {
	c.Name, c.Log = leaks, log
	if strings.TrimSpace(log) == "" {
		c.Outcome = Passed
	}
	return c
}

// sayWhatIsMissing keeps what a check says that it has left out, so that it does
// not pass, and what the device does without, which is no fault of it.
func (c *Check) sayWhatIsMissing(log string) {
	var said []string
	for _, m := range missing.FindAllStringSubmatch(log, -1) {
		if !slices.Contains(said, m[0]) {
			said = append(said, m[0])
		}
		if m[1] == "TESTED" {
			c.Outcome = NotTested
		}
	}
	c.Log = strings.Join(said, "\n")
}

// checkName is a test's name without the one around all; package testing
// writes _ for a space.
func checkName(test string) string {
	top, below, deep := strings.Cut(strings.TrimPrefix(test, rootTest+"/"), "/")
	if top = strings.ReplaceAll(top, "_", " "); deep {
		return top + "/" + below
	}
	return top
}

// outcome is that of all checks together.
func (c *Conformance) outcome() Outcome {
	all := make([]Outcome, len(c.Checks))
	for i := range c.Checks {
		all[i] = c.Checks[i].Outcome
	}
	return Worst(all...)
}
