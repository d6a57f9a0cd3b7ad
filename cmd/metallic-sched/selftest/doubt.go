package selftest

import "fmt"

// doubt returns an error if the reference was found to be wrong.
func doubt(m *Measure) error {
	if m.verdict() == Passed {
		return nil
	}
	return fmt.Errorf("selftest: the cpu device, which results are compared with, is wrong itself: %v at %v; want %v (float64). Please run selftest -device cpu",
		m.Got, m.At, m.Want)
}
