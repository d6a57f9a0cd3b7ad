package profile

import "time"

// Crossover is where one kernel family becomes better than another, as it was
// measured, and the threshold that follows.
type Crossover struct {
	Variable string `json:"variable"`
	Axis     string `json:"axis"`  // what X counts
	Below    string `json:"below"` // the kernels on this side of the threshold
	Above    string `json:"above"` // and on the other
	Default  int    `json:"default"`
	Found    int    `json:"found"`
	Why      string `json:"why"`
	// Points are over all classes, in the order of X.
	Points  []Gain      `json:"points"`
	Classes []ClassGain `json:"classes"`
}

// Gain is how many times as fast as the kernels of Below those of Above are at
// X: the median of the rounds and the ends of its confidence interval.
type Gain struct {
	X      int     `json:"x"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Rounds int     `json:"rounds"`
}

// ClassGain is the median gain of one kind of operand.
type ClassGain struct {
	Class string `json:"class"`
	Gains []Gain `json:"gains"`
}

// Curve is the time that kernels of a family take for one kind of operand, by
// the number of columns or rows: t(N).
type Curve struct {
	Family string  `json:"family"`
	Class  string  `json:"class"`
	Points []Point `json:"points"`
}

// Point is a median of device times, with the quartiles.
type Point struct {
	X      int           `json:"x"`
	Time   time.Duration `json:"time_ns"`
	Low    time.Duration `json:"low_ns"`
	High   time.Duration `json:"high_ns"`
	Rounds int           `json:"rounds"`
}

// Trial is what callers got of a whole scheduler with one value of a setting,
// relative to what they got with the default.
type Trial struct {
	Variable string  `json:"variable"`
	Value    string  `json:"value"`
	Callers  int     `json:"callers"` // 0 for all together
	Rate     float64 `json:"jobs_per_s"`
	Gain     Gain    `json:"gain"` // X is of no meaning
}

// Verdict says whether a changed setting was found to be better than the
// default on the works of the benchmark suites, and so was kept.
type Verdict struct {
	Variable string      `json:"variable"`
	Default  string      `json:"default"`
	Tried    string      `json:"tried"`
	Kept     bool        `json:"kept"`
	Why      string      `json:"why"`
	Suites   []SuiteGain `json:"suites"`
}

// SuiteGain is how many times as fast as with the default a suite is, over the
// works that the setting has done in another way.
type SuiteGain struct {
	Suite   string `json:"suite"`
	Changed int    `json:"changed"` // works done in another way
	Shapes  int    `json:"shapes"`  // in all
	Gain    Gain   `json:"gain"`    // of the changed ones; X is of no meaning
}
