package selftest

// Outcome is how a check or a part ended.
type Outcome string

// The outcomes, from best to worst.
const (
	Passed    Outcome = "passed"
	NotTested Outcome = "not tested" // there is nothing to test; it does not count as passed
	NotRun    Outcome = "not run"    // it was not reached
	Failed    Outcome = "failed"
)

var worseAndWorse = map[Outcome]int{Passed: 0, NotTested: 1, NotRun: 2, Failed: 3}

// Worst returns the worst of some outcomes, Passed for none.
func Worst(outcomes ...Outcome) Outcome {
	worst := Passed
	for _, o := range outcomes {
		if worseAndWorse[o] > worseAndWorse[worst] {
			worst = o
		}
	}
	return worst
}
